#!lua flags=allow-oom
-- Has records that failed tried again, or takes records out that are not sent.
--
-- KEYS  1 to 9 as in claim.lua (the lease is not used), 10 done
-- ARGV  1 'retry' or 'discard', 2 channel of publishers, 3 channel of those who
--       wait; then per record: aggregate, member of the queue
-- Returns how many were changed: none whose aggregate is being published.

local registry, records, status, queue, open = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local ready, waiting, leases, done = KEYS[6], KEYS[7], KEYS[8], KEYS[10]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local changed = 0

for i = 4, #ARGV, 2 do
  local lane, member = ARGV[i], ARGV[i + 1]
  local id = member:sub(-36)
  local text = redis.call('HGET', status, id)
  local before = text and cjson.decode(text) or {state = 'pending', attempts = 0}
  local failed = before.state == 'failed' or before.state == 'dead'
  local free = redis.call('ZSCORE', queue, member) and redis.call('HEXISTS', leases, lane) == 0
  if free and (failed or ARGV[1] == 'discard') then
    changed = changed + 1
    if ARGV[1] == 'retry' then
      redis.call('HSET', status, id,
                 cjson.encode({state = 'pending', attempts = 0, at = now, error = before.error}))
    else
      redis.call('ZREM', queue, member)
      redis.call('ZREM', open, id)
      redis.call('ZADD', done, now, id)
      local why = 'discarded'
      if before.error then why = why .. ', after: ' .. before.error end
      redis.call('HSET', status, id, cjson.encode(
        {state = 'skipped', attempts = before.attempts, at = now, error = why}))
    end
    if failed then redis.call('ZREM', waiting, lane) end
    if not redis.call('ZSCORE', waiting, lane) then
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

local root = registry:sub(1, #registry - #'~keys') .. ':'
for _, key in ipairs({records, status, queue, open, ready, waiting, leases, done}) do
  if redis.call('EXISTS', key) == 1 then
    redis.call('HSET', registry, key:sub(#root + 1), 'p')
  else
    redis.call('HDEL', registry, key:sub(#root + 1))
  end
end
redis.call('PUBLISH', ARGV[2], changed)
redis.call('PUBLISH', ARGV[3], changed)
return changed
