#!lua flags=allow-oom
-- Adds the jobs of claimed records, writes down what became of these, and gives
-- their aggregates back: one step, so that no crash comes between.
--
-- Where there are jobs, BullMQ's own scripts stand before this one as functions
-- (`adders`, by digest), and the flag is not there: a Redis that is out of
-- memory refuses the whole. Without jobs it frees memory, so it may run then.
--
-- KEYS  as in lanes.lua, then those of BullMQ's scripts
-- ARGV  1 packed: {token, milliseconds and number of settled records that are
--       kept, channel of those who wait, aggregates (none: all that the token has
--       leased), records, targets}; a target is {digest, keys}; a record is
--       {aggregate, place, outcome, error or '', milliseconds until the next
--       attempt, names of queues, 1 when it was tried or 0, jobs}; a job is
--       {number of its target, arguments, id}
-- Returns {how many records are settled, or -1 when the lease was lost; what
-- BullMQ's scripts said to the first job that they did not take, or ''}.

local token, keep_age, keep_count, channel, lanes, plans, targets =
  unpack(cmsgpack.unpack(ARGV[1]))

if redis.call('EXISTS', lease) == 0 then return {-1, ''} end
if #lanes == 0 then
  for i, held in ipairs(leased_by(token)) do lanes[i] = held.lane end
end

local refusal = ''

local function is_added(job)
  local target = targets[job[1]]
  local ran, answer = pcall(adders[target[1]], target[2], job[2])
  if ran and answer == job[3] then return true end
  if refusal == '' then
    if type(answer) == 'table' then answer = answer.err or answer.ok end
    refusal = job[3] .. ': ' .. tostring(answer)
  end
  return false
end

local ids = {}
for i, plan in ipairs(plans) do ids[i] = id_of(plan[2]) end
local standings = many('HMGET', status, ids)

local stuck, settled = {}, 0
local left, closed, times, written = {}, {}, {}, {}
for i, plan in ipairs(plans) do
  local lane, place, outcome, problem, delay, queues, tried, jobs = unpack(plan)
  local id = ids[i]
  for _, job in ipairs(jobs) do
    -- What comes behind a record that is not added waits, for the sake of its order.
    if stuck[lane] or not is_added(job) then
      stuck[lane] = stuck[lane] or 0
      break
    end
  end
  if not stuck[lane] then
    local record = {state = outcome, at = now, attempts = standing(standings[i]).attempts + tried}
    if problem ~= '' then record.error = problem end
    if queues ~= '' then record.queues = queues end
    if outcome == 'failed' then
      record.next, stuck[lane] = now + delay, now + delay
    elseif outcome == 'dead' then
      stuck[lane] = '+inf'
    else
      settled = settled + 1
      left[settled], closed[settled] = place, id
      times[#times + 1] = string.format('%.3f', now + math.min(settled, 999) / 1000)
      times[#times + 1] = id
    end
    written[#written + 1] = id
    written[#written + 1] = cjson.encode(record)
  end
end
many('ZREM', queue, left)
many('ZREM', open, closed)
many('ZADD', done, times)
many('HSET', status, written)

local holders, free = many('HMGET', leases, lanes), {}
for i, lane in ipairs(lanes) do
  if holders[i] and holders[i]:match('^%S+') == token then
    redis.call('HDEL', leases, lane)
    if stuck[lane] and stuck[lane] ~= 0 then
      redis.call('ZADD', waiting, stuck[lane], lane)
      redis.call('ZREM', ready, lane)
    else
      free[#free + 1] = lane
      queue_up(lane)
    end
  end
end
many('ZREM', waiting, free)
redis.call('DEL', lease)

local function forget(old)
  for _, key in ipairs({records, status}) do many('HDEL', key, old) end
  many('ZREM', done, old)
end
forget(redis.call('ZRANGEBYSCORE', done, '-inf', now - keep_age, 'LIMIT', 0, 2000))
local surplus = redis.call('ZCARD', done) - keep_count
if surplus > 0 then forget(redis.call('ZRANGE', done, 0, math.min(surplus, 2000) - 1)) end

keep_books()
redis.call('PUBLISH', channel, settled)
return {settled, refusal}
