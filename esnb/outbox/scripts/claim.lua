#!lua
-- Leases aggregates that have records to publish, and returns their records.
--
-- A record that a publisher had when it was lost is claimed alone from then on,
-- and each publisher that is lost with it alone counts as an attempt: a route
-- that ends its process would otherwise take its neighbours down with it forever.
--
-- A token that has a lease gets the records of that lease, for its whole time: the
-- answer to its claim was lost.
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

local answer, taken, count = {-1}, {}, 0

-- Gives the publisher records of an aggregate until `stops` says so.
local function give(lane, found, stops)
  local ids = {}
  for i, place in ipairs(found) do ids[i] = id_of(place) end
  local texts, standings = many('HMGET', records, ids), many('HMGET', status, ids)
  local before = count
  for i, place in ipairs(found) do
    if stops(standings[i]) then break end
    count = count + 1
    answer[#answer + 1] = lane
    answer[#answer + 1] = place
    answer[#answer + 1] = texts[i] or ''
    answer[#answer + 1] = standings[i] or ''
  end
  return count - before
end

local function claim()
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

  local is_alone = false
  local function stops(standing)
    if is_alone then return true end
    local is_suspect = standing and standing:find('"lost":true', 1, true)
    if is_suspect and count > 0 then return true end
    is_alone = is_suspect
    return false
  end

  while count < limit and not is_alone do
    local lane = redis.call('ZPOPMIN', ready)[1]
    if not lane then break end
    if not redis.call('ZSCORE', waiting, lane) then
      local found = places(lane, limit - count)
      local given = give(lane, found, stops)
      if given > 0 then
        taken[#taken + 1] = {lane, given}
      elseif #found > 0 then
        queue_up(lane)
        break
      end
    end
  end
  for _, pair in ipairs(taken) do
    redis.call('HSET', leases, pair[1], token .. ' ' .. pair[2] .. ' ' .. count)
  end
end

if redis.call('EXISTS', lease) == 1 then
  for _, held in ipairs(leased_by(token)) do
    give(held.lane, places(held.lane, held.taken), function() return false end)
    taken[#taken + 1] = {held.lane, held.taken}
  end
else
  claim()
end
for _, pair in ipairs(taken) do redis.call('ZADD', waiting, now + life, pair[1]) end
if count > 0 then redis.call('SET', lease, count, 'PX', life * 10) end

local due = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')[2]
if due and due ~= 'inf' then answer[1] = math.max(0, tonumber(due) - now) end
keep_books()
return cmsgpack.pack(answer)
