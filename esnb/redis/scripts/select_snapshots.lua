#!lua flags=no-writes
-- Reads snapshots of one aggregate in the order of their versions.
--
-- KEYS  1 index
-- ARGV  1 lowest and 2 highest version as bounds of ZRANGEBYLEX,
--       3 '1' for the newest first, 4 how many at most or -1
-- Returns {{version, topic, state, fingerprint, recorded, id of its event or empty,
--           milliseconds left}, ...}. Those of esnb 0.1 have no such id.

local index, limit = KEYS[1], tonumber(ARGV[4])
local versions
if ARGV[3] == '1' then
  versions = redis.call('ZREVRANGEBYLEX', index, ARGV[2], ARGV[1])
else
  versions = redis.call('ZRANGEBYLEX', index, ARGV[1], ARGV[2])
end
local found = {}
for _, version in ipairs(versions) do
  if #found == limit then break end
  local key = index .. ':' .. version
  local fields = redis.call('HMGET', key, 'topic', 'state', 'fingerprint', 'recorded',
                            'event')
  if fields[1] and fields[2] and fields[3] and fields[4] then
    found[#found + 1] = {version, fields[1], fields[2], fields[3], fields[4],
                         fields[5] or '', redis.call('PTTL', key)}
  end
end
return found
