-- What an outbox's scripts share; it stands behind the first line of each.
--
-- An aggregate is ready (from when on: its oldest record's position), or waits
-- for a time: for the end of a lease, for its next attempt, or for a person
-- (+inf). One that has records to publish is in one of the two sets, or in both
-- when events came meanwhile: waiting counts.
--
-- KEYS  1 registry; 2 records and 3 status: hashes by record id; 4 queue: sorted
--       set of aggregate NUL version NUL id, all with score 0; 5 open: ids of
--       the queue by position; 6 ready and 7 waiting: sorted sets of aggregates;
--       8 leases: hash of aggregates, to token, number of its records in the
--       lease, number of all records in it; 9 the lease at hand; 10 done: sorted
--       set of ids by the time at which they were settled

local registry, records, status, queue, open = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local ready, waiting, leases, lease, done = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- The oldest places of an aggregate in the queue.
local function places(lane, count)
  return redis.call('ZRANGEBYLEX', queue, '[' .. lane .. '\0', '(' .. lane .. '\1',
                    'LIMIT', 0, count)
end

local function id_of(place)
  return place:sub(-36)
end

-- Has an aggregate stand where its oldest record wants it to.
local function queue_up(lane)
  local head = places(lane, 1)[1]
  if head then
    redis.call('ZADD', ready, redis.call('ZSCORE', open, id_of(head)) or 0, lane)
  else
    redis.call('ZREM', ready, lane)
  end
end

-- What is written down of a record: a table, from the text in `status` if there is any.
local function standing(text)
  return text and cjson.decode(text) or {state = 'pending', attempts = 0}
end

-- The aggregates that a token has leased, as they stand in the log of events, each with the
-- number of its records in the lease.
local function leased_by(token)
  local found = {}
  local all = redis.call('HGETALL', leases)
  for i = 1, #all, 2 do
    local holder, taken = all[i + 1]:match('^(%S+) (%d+)')
    if holder == token then
      local head = places(all[i], 1)[1]
      local position = head and redis.call('ZSCORE', open, id_of(head))
      found[#found + 1] = {lane = all[i], taken = tonumber(taken), position = tonumber(position) or 0}
    end
  end
  table.sort(found, function(a, b) return a.position < b.position end)
  return found
end

-- A command with more arguments than Lua can unpack at once; the answers in one list.
local function many(name, key, arguments)
  local answers = {}
  for i = 1, #arguments, 4000 do
    local answer = redis.call(name, key, unpack(arguments, i, math.min(i + 3999, #arguments)))
    if type(answer) == 'table' then
      for _, each in ipairs(answer) do answers[#answers + 1] = each end
    end
  end
  return answers
end

-- Tells the view's bookkeeping which of the outbox's keys are there.
local function keep_books()
  local root = #registry - #'~keys' + 2
  for _, key in ipairs({records, status, queue, open, ready, waiting, leases, done}) do
    if redis.call('EXISTS', key) == 1 then
      redis.call('HSET', registry, key:sub(root), 'p')
    else
      redis.call('HDEL', registry, key:sub(root))
    end
  end
end
