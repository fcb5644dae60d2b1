#!lua
-- Applies the queued commands of one or more events and moves the checkpoint,
-- or changes nothing and says why.
--
-- Redis does not roll a script back. So the commands are first walked through
-- on a shadow of the keys they touch (type, numbers, whether the key exists),
-- and only when each of them will succeed is the first one applied. The first
-- line lets the server refuse the script as a whole when it is out of memory.
--
-- KEYS  1 tracking hash, 2 registry hash, then every key that is touched
-- ARGV  1 application; 2 first id, last id, token of this commit, the known
--       generation and the expected checkpoint ('-' none), with spaces between
--       (the last two may be empty: unknown, any); 3 the event that the
--       checkpoint then stands at, or empty; then per command: number of
--       arguments, arguments
-- Returns {'ok', generation} or {reason, detail, ...}.

local tracking, registry = KEYS[1], KEYS[2]
local application = ARGV[1]
local event = ARGV[3]
local first, last, token, known, expected = ARGV[2]:match('^(%d+) (%d+) (%w+) (%w*) ([%d-]*)$')

-- Ids pass 2^53, where Lua's numbers end: they are compared as decimal text.
local function below(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

---------------------------------------------------------------- checkpoint --

local stored = redis.call('HMGET', tracking, 'generation', 'id:' .. application,
                          'commit:' .. application)
local generation, position, committed = stored[1], stored[2], stored[3]

-- Sent again after a lost answer: it was applied.
if generation and committed == token then return {'ok', generation} end

if generation then
  if known ~= '' and known ~= generation then return {'changed'} end
  if redis.call('HGET', registry, '') ~= generation then return {'lost', registry} end
else
  if known ~= '' then return {'gone'} end
  if redis.call('EXISTS', registry) == 1 then return {'lost', tracking} end
end
if position and not below(position, first) then return {'stale', position} end
if expected ~= '' and expected ~= (position or '-') then return {'moved', position or 'none'} end

local function move()
  if not generation then
    generation = token
    redis.call('HSET', registry, '', generation)
  end
  redis.call('HSET', tracking, 'generation', generation, 'id:' .. application, last,
             'commit:' .. application, token)
  -- Where it is not known, the event of an earlier checkpoint stays: it has its own position.
  if event ~= '' then redis.call('HSET', tracking, 'event:' .. application, event) end
  redis.call('PUBLISH', tracking .. ':' .. application, last)
  return {'ok', generation}
end

if #ARGV == 3 then return move() end

--------------------------------------------------------------- the shadow --

local root_length = #registry - #'~keys'
local kind = {}      -- key -> its type as the commands so far leave it
local initial = {}   -- key -> its type now
local maybe = {}     -- key -> true: of that type, or gone
local expiry = {}    -- key -> 't' given a time to live, 'p' it was taken away
local strings = {}   -- key -> value
local hashes = {}    -- key -> field -> value
local emptied = {}   -- key -> true: nothing of what is stored now is left
local lost           -- a key that should be there and is not

-- A shadowed value is text, false (none), a small integer as a number, or
-- {number} after a float was added: how Redis writes that cannot be foretold.

local function kind_of(key)
  local found = kind[key]
  if not found then
    found = redis.call('TYPE', key).ok
    kind[key], initial[key] = found, found
    if found == 'none' and not lost
       and redis.call('HGET', registry, key:sub(root_length + 2)) == 'p' then
      lost = key
    end
  end
  return found
end

local function holds(key, wanted, creates)
  local found = kind_of(key)
  if found == 'none' then
    if creates then kind[key] = wanted end
  elseif found ~= wanted then
    local problem = key .. ' holds a ' .. found .. ', not a ' .. wanted
    if not maybe[key] then return problem end
    return problem .. ', unless an earlier command of the same commit emptied it: '
      .. 'commit them apart'
  elseif creates then
    maybe[key] = nil
  end
end

local function shrinks(key, wanted)
  local problem = holds(key, wanted, false)
  if not problem and kind[key] ~= 'none' then maybe[key] = true end
  return problem
end

local function forget(key)
  kind_of(key)
  kind[key], maybe[key] = 'none', nil
  strings[key], hashes[key], emptied[key] = false, {}, true
end

local function put_string(key, value, lives)
  kind_of(key)
  kind[key], maybe[key] = 'string', nil
  strings[key], emptied[key] = value, true
  expiry[key] = lives or expiry[key]
end

local function string_value(key)
  local value = strings[key]
  if value ~= nil then return value end
  return not emptied[key] and redis.call('GET', key)
end

local function hash_value(key, field)
  local value = hashes[key] and hashes[key][field]
  if value ~= nil then return value end
  return not emptied[key] and redis.call('HGET', key, field)
end

local function put_field(key, field, value)
  if not hashes[key] then hashes[key] = {} end
  hashes[key][field] = value
end

------------------------------------------------------------------ numbers --

local function limit(sign)
  return sign == '-' and '9223372036854775808' or '9223372036854775807'
end

-- Sum of two 64-bit integers as text, or nil when it does not fit.
local function sum(a, b)
  local function split(text)
    local sign, digits = text:match('^(%-?)(%d+)$')
    local factor = sign == '-' and -1 or 1
    return factor * (tonumber(digits:sub(1, -10)) or 0), factor * tonumber(digits:sub(-9))
  end
  local high_a, low_a = split(a)
  local high_b, low_b = split(b)
  local high, low = high_a + high_b, low_a + low_b
  if low >= 1e9 then high, low = high + 1, low - 1e9 end
  if low <= -1e9 then high, low = high - 1, low + 1e9 end
  if high > 0 and low < 0 then high, low = high - 1, low + 1e9 end
  if high < 0 and low > 0 then high, low = high + 1, low - 1e9 end
  local sign = (high < 0 or low < 0) and '-' or ''
  local digits = high == 0 and string.format('%.0f', math.abs(low))
    or string.format('%.0f%09.0f', math.abs(high), math.abs(low))
  if below(limit(sign), digits) then return nil end
  return sign .. digits
end

-- Both adders return a problem, or nil and the shadow of the result.
local function add_integer(value, amount)
  if value == false then return nil, amount end
  if type(value) == 'table' then
    return 'is counted in floats by an earlier command of the same commit: commit them apart'
  end
  if type(value) == 'string' and value ~= '0' and not value:find('^%-?[1-9]%d*$') then
    return 'holds no integer'
  end
  local small = tonumber(value) + tonumber(amount)
  if small > -1e15 and small < 1e15 and #amount < 16 then return nil, small end
  if type(value) == 'number' then value = string.format('%.0f', value) end
  local sign, digits = value:match('^(%-?)(%d+)$')
  if below(limit(sign), digits) then return 'holds no integer' end
  local result = sum(value, amount)
  if not result then return 'would leave the range of 64-bit integers' end
  return nil, result
end

local function add_float(value, amount)
  local number = 0
  if type(value) == 'table' then
    number = value[1]
  elseif type(value) == 'number' then
    number = value
  elseif value then
    local mantissa = value:match('^[+-]?([%d.]+)$') or value:match('^[+-]?([%d.]+)[eE][+-]?%d+$')
    if not mantissa or not (mantissa:find('^%d+%.?%d*$') or mantissa:find('^%.%d+$')) then
      return 'holds no number'
    end
    number = tonumber(value)
  end
  number = number + tonumber(amount)
  if not (math.abs(number) < 1e300) then return 'would leave the range of numbers' end
  return nil, {number}
end

----------------------------------------------------------------- commands --

local function add_to_string(key, add, amount)
  local problem = holds(key, 'string', false)
  if problem then return problem end
  local value
  problem, value = add(string_value(key), amount)
  if problem then return key .. ' ' .. problem end
  put_string(key, value)
end

local function add_to_field(key, field, add, amount)
  local problem = holds(key, 'hash', true)
  if problem then return problem end
  local value
  problem, value = add(hash_value(key, field), amount)
  if problem then return key .. ' field ' .. field .. ' ' .. problem end
  put_field(key, field, value)
end

-- What the command at hand needs and leaves behind; a problem, or nil. One
-- chain of comparisons: a table of functions costs more to build than to run.
local function check(c)
  local name, key = c[1], c[2]
  if name == 'HINCRBY' then return add_to_field(key, c[3], add_integer, c[4]) end
  if name == 'HSET' then
    local problem = holds(key, 'hash', true)
    if problem then return problem end
    for i = 3, #c, 2 do put_field(key, c[i], c[i + 1]) end
    return
  end
  if name == 'SADD' then return holds(key, 'set', true) end
  if name == 'ZADD' or name == 'ZINCRBY' then return holds(key, 'zset', true) end
  if name == 'SET' then return put_string(key, c[3], c[4] and 't' or 'p') end
  if name == 'HDEL' then
    local problem = shrinks(key, 'hash')
    if problem then return problem end
    for i = 3, #c do put_field(key, c[i], false) end
    return
  end
  if name == 'DEL' or name == 'UNLINK' then
    for i = 2, #c do forget(c[i]) end
    return
  end
  if name == 'SREM' then return shrinks(key, 'set') end
  if name:sub(1, 4) == 'ZREM' then return shrinks(key, 'zset') end
  if name == 'RPUSH' or name == 'LPUSH' then return holds(key, 'list', true) end
  if name == 'LREM' or name == 'LTRIM' then return shrinks(key, 'list') end
  if name == 'HINCRBYFLOAT' then return add_to_field(key, c[3], add_float, c[4]) end
  if name == 'HSETNX' then
    local problem = holds(key, 'hash', true)
    if problem then return problem end
    if hash_value(key, c[3]) == false then put_field(key, c[3], c[4]) end
    return
  end
  if name == 'INCRBY' then return add_to_string(key, add_integer, c[3]) end
  if name == 'DECRBY' then
    local amount = c[3]
    if amount:sub(1, 1) == '-' then amount = amount:sub(2)
    elseif amount ~= '0' then amount = '-' .. amount end
    return add_to_string(key, add_integer, amount)
  end
  if name == 'INCRBYFLOAT' then return add_to_string(key, add_float, c[3]) end
  if name == 'EXPIRE' then
    if kind_of(key) ~= 'none' then expiry[key] = 't' end
    return
  end
  return name .. ' cannot be checked'
end

local commands = {}
local at = 4
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  local command = {unpack(ARGV, at + 1, at + count)}
  local problem = check(command)
  if lost then return {'lost', lost} end
  commands[#commands + 1] = command
  if problem then return {'command', #commands, problem} end
  at = at + count + 1
end

-------------------------------------------------------------------- apply --

for i = 1, #commands do
  local answer = redis.pcall(unpack(commands[i]))
  if type(answer) == 'table' and answer.err then
    return {'broken', i, answer.err}
  end
end

for key, was in pairs(initial) do
  local suffix = key:sub(root_length + 2)
  local gone = kind[key] == 'none'
  if maybe[key] then gone = redis.call('EXISTS', key) == 0 end
  if gone then
    redis.call('HDEL', registry, suffix)
  elseif was == 'none' or expiry[key] then
    redis.call('HSET', registry, suffix, expiry[key] or 'p')
  else
    redis.call('HSETNX', registry, suffix, 'p')
  end
end
return move()
