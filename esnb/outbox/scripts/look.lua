#!lua flags=no-writes,allow-oom
-- What is known of some records, in one step.
--
-- KEYS  as in lanes.lua; the lease is not used
-- ARGV  per record: aggregate, place in the queue
-- Returns per record: status or '', 1 when a publisher has it; false for a
-- record that is gone.

local answer = {}
for i = 1, #ARGV, 2 do
  local lane, place = ARGV[i], ARGV[i + 1]
  local id = id_of(place)
  if redis.call('HEXISTS', records, id) == 0 then
    answer[#answer + 1] = false
  else
    local held = redis.call('HGET', leases, lane)
    local has = held and redis.call('ZSCORE', queue, place)
      and redis.call('ZLEXCOUNT', queue, '[' .. lane .. '\0', '(' .. place)
        < tonumber(held:match('^%S+ (%d+)'))
    answer[#answer + 1] = {redis.call('HGET', status, id) or '', has and 1 or 0}
  end
end
return answer
