#!lua flags=allow-oom
-- Writes down what became of claimed records and gives their aggregates back.
-- It stands in one transaction behind the commands that add the jobs, and takes
-- a record for published only when its jobs are there. It frees memory, so it
-- may run when there is none left.
--
-- KEYS  1 to 9 as in claim.lua, 10 done: sorted set of ids by the time at which
--       they were settled; then the jobs
-- ARGV  1 token, 2 milliseconds and 3 number of settled records that are kept,
--       4 channel of those who wait, 5 number of aggregates, then these; then
--       per record: aggregate, member of the queue, outcome, error or '',
--       milliseconds until the next attempt, names of queues, number of its jobs
-- Returns how many records are settled, or -1 when the lease was lost.

local registry, records, status, queue, open = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local ready, waiting, leases, lease, done = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local token = ARGV[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

if redis.call('EXISTS', lease) == 0 then return -1 end

local lanes = tonumber(ARGV[5])
local next_job = 11
local stuck, settled = {}, 0

for i = 6 + lanes, #ARGV, 7 do
  local lane, member, outcome, problem = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local delay, queues, jobs = tonumber(ARGV[i + 4]), ARGV[i + 5], tonumber(ARGV[i + 6])
  local id = member:sub(-36)
  local added = true
  for j = next_job, next_job + jobs - 1 do
    if redis.call('EXISTS', KEYS[j]) == 0 then added = false end
  end
  next_job = next_job + jobs
  if not added then
    if not stuck[lane] then stuck[lane] = 0 end
  elseif redis.call('ZSCORE', queue, member) then
    local before = redis.call('HGET', status, id)
    local new = {state = outcome, at = now,
                 attempts = (before and cjson.decode(before).attempts or 0) + 1}
    if problem ~= '' then new.error = problem end
    if queues ~= '' then new.queues = queues end
    if outcome == 'failed' then
      new.next, stuck[lane] = now + delay, now + delay
    elseif outcome == 'dead' then
      stuck[lane] = '+inf'
    else
      redis.call('ZREM', queue, member)
      redis.call('ZREM', open, id)
      settled = settled + 1
      redis.call('ZADD', done, string.format('%.3f', now + math.min(settled, 999) / 1000), id)
    end
    redis.call('HSET', status, id, cjson.encode(new))
  end
end

for i = 6, 5 + lanes do
  local lane = ARGV[i]
  local held = redis.call('HGET', leases, lane)
  if held and held:match('^%S+') == token then
    redis.call('HDEL', leases, lane)
    if stuck[lane] and stuck[lane] ~= 0 then
      redis.call('ZADD', waiting, stuck[lane], lane)
      redis.call('ZREM', ready, lane)
    else
      redis.call('ZREM', waiting, lane)
      local head = redis.call('ZRANGEBYLEX', queue, '[' .. lane .. '\0', '(' .. lane .. '\1',
                              'LIMIT', 0, 1)[1]
      if head then
        redis.call('ZADD', ready, redis.call('ZSCORE', open, head:sub(-36)) or 0, lane)
      else
        redis.call('ZREM', ready, lane)
      end
    end
  end
end
redis.call('DEL', lease)

local function forget(ids)
  for _, id in ipairs(ids) do
    redis.call('HDEL', records, id)
    redis.call('HDEL', status, id)
    redis.call('ZREM', done, id)
  end
end
forget(redis.call('ZRANGEBYSCORE', done, '-inf', now - ARGV[2], 'LIMIT', 0, 2000))
local surplus = redis.call('ZCARD', done) - ARGV[3]
if surplus > 0 then forget(redis.call('ZRANGE', done, 0, math.min(surplus, 2000) - 1)) end

local root = registry:sub(1, #registry - #'~keys') .. ':'
for _, key in ipairs({records, status, queue, open, ready, waiting, leases, done}) do
  if redis.call('EXISTS', key) == 1 then
    redis.call('HSET', registry, key:sub(#root + 1), 'p')
  else
    redis.call('HDEL', registry, key:sub(#root + 1))
  end
end
redis.call('PUBLISH', ARGV[4], settled)
return settled
