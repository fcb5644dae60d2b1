#!lua flags=no-writes
-- Every key of a view with its content.
-- KEYS  1 tracking hash, 2 registry hash
-- Returns {{suffix, type, {values}}, ...}.

local root = KEYS[2]:sub(1, #KEYS[2] - #'~keys')
local reads = {
  string = function(key) return {redis.call('GET', key)} end,
  hash = function(key) return redis.call('HGETALL', key) end,
  set = function(key) return redis.call('SMEMBERS', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
}
local rows = {}
for _, suffix in ipairs(redis.call('HKEYS', KEYS[2])) do
  if suffix ~= '' then
    local key = root .. ':' .. suffix
    local kind = redis.call('TYPE', key).ok
    if reads[kind] then rows[#rows + 1] = {suffix, kind, reads[kind](key)} end
  end
end
return rows
