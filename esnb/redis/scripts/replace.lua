#!lua flags=allow-oom
-- Renames the keys and checkpoints of one view over another's, whose own are
-- deleted. It frees memory, so it may run when there is none left.
--
-- KEYS  1 and 2 tracking and registry of the view that is replaced,
--       3 and 4 those of the view that takes its place
-- ARGV  1 the generation that the latter must have, or empty; 2 an application and
--       3 the checkpoint in it beyond which the former must not be, or neither
-- Returns the generation of the result (an empty text: it has none), nil where
-- the latter has another, or 1 where the former is beyond that checkpoint.

-- Sent again after a lost answer: done already, and there is nothing left to rename.
if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'generation') == ARGV[1] then return ARGV[1] end
if ARGV[1] ~= '' and redis.call('HGET', KEYS[3], 'generation') ~= ARGV[1] then return false end
if ARGV[2] then
  -- Ids pass 2^53, where Lua's numbers end: they are compared as decimal text.
  local reached = redis.call('HGET', KEYS[1], 'id:' .. ARGV[2])
  if reached and (#reached > #ARGV[3] or (#reached == #ARGV[3] and reached > ARGV[3])) then
    return 1
  end
end

local function root(registry) return registry:sub(1, #registry - #'~keys') end

local old, new = root(KEYS[2]), root(KEYS[4])
for _, suffix in ipairs(redis.call('HKEYS', KEYS[2])) do
  if suffix ~= '' then redis.call('UNLINK', old .. ':' .. suffix) end
end
-- Those who wait for a checkpoint of the old view look again.
local owner = redis.call('HGET', KEYS[1], 'owner')
local positions = redis.call('HGETALL', KEYS[3])
redis.call('UNLINK', KEYS[1], KEYS[2])
for _, suffix in ipairs(redis.call('HKEYS', KEYS[4])) do
  if suffix ~= '' and redis.call('EXISTS', new .. ':' .. suffix) == 1 then
    redis.call('RENAME', new .. ':' .. suffix, old .. ':' .. suffix)
  end
end
if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('RENAME', KEYS[3], KEYS[1]) end
if redis.call('EXISTS', KEYS[4]) == 1 then redis.call('RENAME', KEYS[4], KEYS[2]) end
if owner then redis.call('HSETNX', KEYS[1], 'owner', owner) end
for i = 1, #positions, 2 do
  local application = positions[i]:match('^id:(.*)$')
  if application then
    redis.call('PUBLISH', KEYS[1] .. ':' .. application, positions[i + 1])
  end
end
return redis.call('HGET', KEYS[1], 'generation') or ''
