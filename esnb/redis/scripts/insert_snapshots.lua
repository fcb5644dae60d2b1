#!lua
-- Stores snapshots of one aggregate and drops the oldest beyond the limit.
--
-- KEYS  1 index: sorted set of version texts, all with score 0
-- ARGV  1 how many are kept, 2 milliseconds they live or 0, then per snapshot:
--       version, topic, state, fingerprint, recorded, id of its event or empty

local index = KEYS[1]
local keep, life = tonumber(ARGV[1]), tonumber(ARGV[2])

for i = 3, #ARGV, 6 do
  local key = index .. ':' .. ARGV[i]
  redis.call('DEL', key)
  redis.call('HSET', key, 'topic', ARGV[i + 1], 'state', ARGV[i + 2],
             'fingerprint', ARGV[i + 3], 'recorded', ARGV[i + 4],
             'event', ARGV[i + 5])
  if life > 0 then redis.call('PEXPIRE', key, life) end
  redis.call('ZADD', index, 0, ARGV[i])
end

-- The expired leave only their version behind. The index lives as long as the
-- last of its snapshots.
local longest = 0
local kept = 0
for _, version in ipairs(redis.call('ZREVRANGE', index, 0, -1)) do
  local key = index .. ':' .. version
  local left = redis.call('PTTL', key)
  if left == -2 then
    redis.call('ZREM', index, version)
  elseif kept == keep then
    redis.call('UNLINK', key)
    redis.call('ZREM', index, version)
  else
    kept = kept + 1
    if left == -1 then longest = -1 elseif longest >= 0 then longest = math.max(longest, left) end
  end
end
if longest > 0 then redis.call('PEXPIRE', index, longest) else redis.call('PERSIST', index) end
