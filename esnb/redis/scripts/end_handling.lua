#!lua
-- One consumer has ended handling one event of a group.
--
-- KEYS  as for begin_handling.lua
-- ARGV  1 event id, 2 the consumer, 3 how it ended: 'handled', 'failed',
--       'parked' or 'undone' (an attempt that does not count),
--       4 how many handled ids are remembered

if redis.call('GET', KEYS[3]) == ARGV[2] then redis.call('DEL', KEYS[3]) end
if ARGV[3] == 'handled' then
  local now = redis.call('TIME')
  redis.call('ZADD', KEYS[1], now[1] * 1000 + math.floor(now[2] / 1000), ARGV[1])
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[4] - 1)
end
if ARGV[3] == 'handled' or ARGV[3] == 'parked' then
  redis.call('HDEL', KEYS[2], ARGV[1])
elseif ARGV[3] == 'undone' then
  if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 and
     redis.call('HINCRBY', KEYS[2], ARGV[1], -1) <= 0 then
    redis.call('HDEL', KEYS[2], ARGV[1])
  end
end
