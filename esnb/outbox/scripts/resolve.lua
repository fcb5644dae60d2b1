#!lua flags=allow-oom
-- Has records that failed tried again, or takes records out that are not sent.
--
-- KEYS  as in lanes.lua; the lease is not used
-- ARGV  1 'retry' or 'discard', 2 channel of publishers, 3 channel of those who
--       wait, 4 mark of this call; then per record: aggregate, place in the queue
-- Returns how many were changed, also when the call comes a second time: none whose
-- aggregate is being published.

local changed = 0

for i = 5, #ARGV, 2 do
  local lane, place = ARGV[i], ARGV[i + 1]
  local id = id_of(place)
  local before = standing(redis.call('HGET', status, id))
  local failed = before.state == 'failed' or before.state == 'dead'
  local free = redis.call('ZSCORE', queue, place) and redis.call('HEXISTS', leases, lane) == 0
  if before.mark == ARGV[4] then
    changed = changed + 1
  elseif free and (failed or ARGV[1] == 'discard') then
    changed = changed + 1
    local after = {at = now, error = before.error, lost = before.lost, mark = ARGV[4]}
    if ARGV[1] == 'retry' then
      after.state, after.attempts = 'pending', 0
    else
      redis.call('ZREM', queue, place)
      redis.call('ZREM', open, id)
      redis.call('ZADD', done, now, id)
      after.state, after.attempts, after.error = 'skipped', before.attempts, 'discarded'
      if before.error then after.error = 'discarded, after: ' .. before.error end
    end
    redis.call('HSET', status, id, cjson.encode(after))
    if failed then redis.call('ZREM', waiting, lane) end
    if not redis.call('ZSCORE', waiting, lane) then queue_up(lane) end
  end
end

keep_books()
redis.call('PUBLISH', ARGV[2], changed)
redis.call('PUBLISH', ARGV[3], changed)
return changed
