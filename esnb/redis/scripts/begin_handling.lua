#!lua
-- One consumer begins to handle one event of a group.
--
-- KEYS  1 sorted set of the ids that are handled, 2 hash of attempts by id,
--       3 this id's claim
-- ARGV  1 event id, 2 the consumer, 3 milliseconds that its claim lasts,
--       4 seconds that attempts are remembered
-- Returns {'handled'}, {'busy', milliseconds left} while another consumer has
-- it, or {'begun', which attempt this is}.

if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {'handled'} end
local owner = redis.call('GET', KEYS[3])
if owner and owner ~= ARGV[2] then return {'busy', redis.call('PTTL', KEYS[3])} end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
local counted = owner and redis.call('HGET', KEYS[2], ARGV[1])
-- Asked again by the one who has it: the first answer was lost.
local attempt = tonumber(counted) or redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
redis.call('EXPIRE', KEYS[2], ARGV[4])
return {'begun', attempt}
