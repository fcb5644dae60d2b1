#!lua
-- Leases aggregates that have records to publish, and gives their records.
--
-- A record that a publisher had when it was lost is claimed alone from then on,
-- and each publisher that is lost with it alone counts as an attempt: a route
-- that ends its process would otherwise take its neighbours down with it for ever.
--
-- KEYS  as in lanes.lua; 9 the new lease
-- ARGV  1 its token, 2 how many records, 3 milliseconds it lasts, 4 what is said
--       of a record with which a publisher was lost
-- Returns, packed: {milliseconds until something is due, or -1; then per record:
-- aggregate, place in the queue, record, status or ''}.

local token, limit, life, reason = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

local function suffer(lane, held)
  local holder, taken, all = held:match('^(%S+) (%d+) (%d+)$')
  redis.call('DEL', lease:sub(1, #lease - #token) .. holder)
  for _, place in ipairs(places(lane, taken)) do
    local record = standing(redis.call('HGET', status, id_of(place)))
    record.state, record.at, record.next, record.lost = 'pending', now, nil, true
    if all == '1' then record.attempts, record.error = record.attempts + 1, reason end
    redis.call('HSET', status, id_of(place), cjson.encode(record))
  end
end

-- What is due again; a publisher that let its lease run out has lost all of it.
for _, lane in ipairs(redis.call('ZRANGEBYSCORE', waiting, '-inf', now, 'LIMIT', 0, 1000)) do
  local held = redis.call('HGET', leases, lane)
  if held then
    redis.call('HDEL', leases, lane)
    suffer(lane, held)
  end
  redis.call('ZREM', waiting, lane)
  queue_up(lane)
end

local answer, taken, count, is_alone = {-1}, {}, 0, false
while count < limit and not is_alone do
  local lane = redis.call('ZPOPMIN', ready)[1]
  if not lane then break end
  if not redis.call('ZSCORE', waiting, lane) then
    local found = places(lane, limit - count)
    local ids = {}
    for i, place in ipairs(found) do ids[i] = id_of(place) end
    local texts, standings = many('HMGET', records, ids), many('HMGET', status, ids)
    local before = count
    for i, place in ipairs(found) do
      if standings[i] and standings[i]:find('"lost":true', 1, true) then
        if count > 0 then break end
        is_alone = true
      end
      count = count + 1
      answer[#answer + 1] = lane
      answer[#answer + 1] = place
      answer[#answer + 1] = texts[i] or ''
      answer[#answer + 1] = standings[i] or ''
      if is_alone then break end
    end
    if count > before then
      taken[#taken + 1] = {lane, count - before}
    elseif #found > 0 then
      queue_up(lane)
      break
    end
  end
end
for _, pair in ipairs(taken) do
  redis.call('ZADD', waiting, now + life, pair[1])
  redis.call('HSET', leases, pair[1], token .. ' ' .. pair[2] .. ' ' .. count)
end
if count > 0 then redis.call('SET', lease, count, 'PX', life * 10) end

local due = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')[2]
if due and due ~= 'inf' then answer[1] = math.max(0, tonumber(due) - now) end
keep_books()
return cmsgpack.pack(answer)
