#!lua
-- Leases aggregates that have records to publish, and gives their records.
--
-- An aggregate is ready (from when on: its oldest record's position), or waits
-- for a time: for the end of a lease, for its next attempt, or for a person
-- (+inf). One that has records to publish is in one of the two sets, or in both
-- when events came meanwhile: waiting counts.
--
-- KEYS  1 registry; 2 records and 3 status: hashes by record id; 4 queue: sorted
--       set of aggregate NUL version NUL id, all with score 0; 5 open: ids of
--       the queue by position; 6 ready and 7 waiting: sorted sets of aggregates;
--       8 leases: hash of aggregates; 9 the new lease, for whom it is watched
-- ARGV  1 its token, 2 how many records, 3 milliseconds it lasts
-- Returns {milliseconds until something is due, or -1; then per record:
-- aggregate, member of the queue, record, status or ''}.

local registry, records, status, queue, open = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local ready, waiting, leases, lease = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local token, limit, life = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function members(lane, count)
  return redis.call('ZRANGEBYLEX', queue, '[' .. lane .. '\0', '(' .. lane .. '\1',
                    'LIMIT', 0, count)
end

local function make_ready(lane)
  local head = members(lane, 1)[1]
  if head then
    redis.call('ZADD', ready, redis.call('ZSCORE', open, head:sub(-36)) or 0, lane)
  end
end

-- What is due again; a publisher that let its lease run out has lost all of it.
for _, lane in ipairs(redis.call('ZRANGEBYSCORE', waiting, '-inf', now, 'LIMIT', 0, 1000)) do
  local held = redis.call('HGET', leases, lane)
  if held then
    redis.call('HDEL', leases, lane)
    redis.call('DEL', lease:sub(1, #lease - #token) .. held:match('^%S+'))
  end
  redis.call('ZREM', waiting, lane)
  make_ready(lane)
end

local found, ids, count = {}, {}, 0
while count < limit do
  local lane = redis.call('ZPOPMIN', ready)[1]
  if not lane then break end
  if not redis.call('ZSCORE', waiting, lane) then
    local taken = members(lane, limit - count)
    if #taken > 0 then
      count = count + #taken
      redis.call('ZADD', waiting, now + life, lane)
      redis.call('HSET', leases, lane, token .. ' ' .. #taken)
      for _, member in ipairs(taken) do found[#found + 1] = {lane, member} end
    end
  end
end
if count > 0 then redis.call('SET', lease, count, 'PX', life * 10) end

local due = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')[2]
local answer = {-1}
if due and due ~= 'inf' then answer[1] = math.max(0, tonumber(due) - now) end
for _, pair in ipairs(found) do
  local id = pair[2]:sub(-36)
  answer[#answer + 1] = pair[1]
  answer[#answer + 1] = pair[2]
  answer[#answer + 1] = redis.call('HGET', records, id) or ''
  answer[#answer + 1] = redis.call('HGET', status, id) or ''
end

local root = registry:sub(1, #registry - #'~keys') .. ':'
for _, key in ipairs({ready, waiting, leases}) do
  if redis.call('EXISTS', key) == 1 then
    redis.call('HSET', registry, key:sub(#root + 1), 'p')
  else
    redis.call('HDEL', registry, key:sub(#root + 1))
  end
end
return answer
