#!lua flags=allow-oom
-- Keys that are named like a view's and that its registry does not know: what
-- is left of a view whose bookkeeping was evicted. One step of a scan.
--
-- KEYS  1 tracking hash, 2 registry hash
-- ARGV  1 cursor, 2 pattern of the view's keys, 3 'delete' to delete them, or empty
-- Returns {next cursor ('0' at the end), keys}.

local root_length = #KEYS[2] - #'~keys'
local cursor, found = unpack(redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', 5000))
local orphaned = {}
for _, key in ipairs(found) do
  if not redis.call('HGET', KEYS[2], key:sub(root_length + 2)) then
    orphaned[#orphaned + 1] = key
    if ARGV[3] == 'delete' then redis.call('UNLINK', key) end
  end
end
return {cursor, orphaned}
