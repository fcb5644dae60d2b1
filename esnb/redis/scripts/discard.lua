#!lua
-- Deletes a view: its keys, its checkpoints, its registry.
-- KEYS  1 tracking hash, 2 registry hash

local root = KEYS[2]:sub(1, #KEYS[2] - #'~keys')
for _, suffix in ipairs(redis.call('HKEYS', KEYS[2])) do
  if suffix ~= '' then redis.call('UNLINK', root .. ':' .. suffix) end
end
redis.call('UNLINK', KEYS[1], KEYS[2])
