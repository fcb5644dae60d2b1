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
-- ARGV  1 application, 2 first id, 3 last id, 4 known generation or '',
--       5 generation to set when there is none, 6 token of this commit,
--       7 channel, then per command: number of arguments, arguments
-- Returns {'ok', generation} or {reason, detail, ...}.

local tracking, registry = KEYS[1], KEYS[2]
local application, first, last = ARGV[1], ARGV[2], ARGV[3]
local known, fresh, token, channel = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local root_length = #registry - #'~keys'

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
if position and not below(position, first) then return {'behind', position} end

--------------------------------------------------------------- the shadow --

local kind = {}      -- key -> its type as the commands so far leave it
local initial = {}   -- key -> its type now
local maybe = {}     -- key -> true: of that type, or gone
local opaque = {}    -- key -> true: cannot be said beforehand
local expiry = {}    -- key -> 't' given a time to live, 'p' it was taken away
local strings = {}   -- key -> value
local hashes = {}    -- key -> field -> value
local emptied = {}   -- key -> true: nothing of what is stored now is left
local lost           -- a key that should be there and is not

-- A shadowed value is text, false (none), or {number} after a float was added:
-- how Redis writes that number cannot be foretold.

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
  if opaque[key] then
    return key .. ' depends on an earlier command of the same commit: commit them apart'
  end
  if found == 'none' then
    if creates then kind[key] = wanted end
  elseif found ~= wanted then
    return key .. ' holds a ' .. found .. ', not a ' .. wanted
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
  kind[key], maybe[key], opaque[key] = 'none', nil, nil
  strings[key], hashes[key], emptied[key] = false, {}, true
end

local function put_string(key, value, lives)
  kind_of(key)
  kind[key], maybe[key], opaque[key] = 'string', nil, nil
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

local LIMIT = {[''] = '9223372036854775807', ['-'] = '9223372036854775808'}

local function is_integer(text)
  local sign, digits = text:match('^(%-?)(%d+)$')
  if not digits then return false end
  if digits:sub(1, 1) == '0' and (digits ~= '0' or sign == '-') then return false end
  return not below(LIMIT[sign], digits)
end

-- Sum of two 64-bit integers as text, or nil when it does not fit.
local function sum(a, b)
  if #a <= 15 and #b <= 15 then return string.format('%.0f', tonumber(a) + tonumber(b)) end
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
  if below(LIMIT[sign], digits) then return nil end
  return sign .. digits
end

local function add_integer(where, value, amount)
  if value == false then return nil, amount end
  if type(value) == 'table' then
    return where .. ' is counted in floats by an earlier command of the same commit: '
      .. 'commit them apart'
  end
  if not is_integer(value) then return where .. ' holds no integer' end
  local result = sum(value, amount)
  if not result then return where .. ' would leave the range of 64-bit integers' end
  return nil, result
end

local function as_number(text)
  local mantissa = text:match('^[+-]?([%d.]+)$') or text:match('^[+-]?([%d.]+)[eE][+-]?%d+$')
  if mantissa and (mantissa:match('^%d+%.?%d*$') or mantissa:match('^%.%d+$')) then
    return tonumber(text)
  end
end

local function add_float(where, value, amount)
  local number = 0
  if type(value) == 'table' then
    number = value[1]
  elseif value then
    number = as_number(value)
    if not number then return where .. ' holds no number' end
  end
  number = number + tonumber(amount)
  if not (math.abs(number) < 1e300) then return where .. ' would leave the range of numbers' end
  return nil, {number}
end

----------------------------------------------------------------- commands --

local checks = {}

local function incr(key, amount)
  local problem = holds(key, 'string', false)
  if problem then return problem end
  local value
  problem, value = add_integer(key, string_value(key), amount)
  if problem then return problem end
  put_string(key, value)
end

local function set(key, value, condition, lives)
  local found = kind_of(key)
  if condition and (maybe[key] or opaque[key]) then
    opaque[key], maybe[key] = true, true
    return
  end
  if condition == 'NX' and found ~= 'none' then return end
  if condition == 'XX' and found == 'none' then return end
  put_string(key, value, lives)
end

function checks.DEL(c)
  for i = 2, #c do forget(c[i]) end
end
checks.UNLINK = checks.DEL

local function expire(c, milliseconds, absolute)
  local key = c[2]
  if kind_of(key) == 'none' then return end
  expiry[key] = 't'
  local ahead = tonumber(c[3]) * milliseconds
  if absolute then
    local now = redis.call('TIME')
    ahead = ahead - (tonumber(now[1]) * 1000 + tonumber(now[2]) / 1000)
  end
  -- A time in the past deletes the key, unless a condition keeps it.
  if ahead > 5000 or (ahead > 0 and not absolute) then return end
  if ahead < -5000 and not c[4] and not opaque[key] then
    forget(key)
  else
    opaque[key], maybe[key] = true, true
  end
end
function checks.EXPIRE(c) return expire(c, 1000, false) end
function checks.PEXPIRE(c) return expire(c, 1, false) end
function checks.EXPIREAT(c) return expire(c, 1000, true) end
function checks.PEXPIREAT(c) return expire(c, 1, true) end
function checks.PERSIST(c)
  if kind_of(c[2]) ~= 'none' then expiry[c[2]] = 'p' end
end

function checks.SET(c)
  local condition, lives = nil, 'p'
  for i = 4, #c do
    local option = c[i]:upper()
    if option == 'NX' or option == 'XX' then condition = option end
    if option == 'KEEPTTL' then lives = nil end
    if option == 'EX' or option == 'PX' then lives = 't' end
  end
  set(c[2], c[3], condition, lives)
end
function checks.SETNX(c) set(c[2], c[3], 'NX', 'p') end
function checks.SETEX(c) set(c[2], c[4], nil, 't') end
checks.PSETEX = checks.SETEX
function checks.MSET(c)
  for i = 2, #c, 2 do set(c[i], c[i + 1], nil, 'p') end
end
function checks.INCR(c) return incr(c[2], '1') end
function checks.DECR(c) return incr(c[2], '-1') end
function checks.INCRBY(c) return incr(c[2], c[3]) end
function checks.DECRBY(c)
  local amount = c[3]
  if amount:sub(1, 1) == '-' then amount = amount:sub(2)
  elseif amount ~= '0' then amount = '-' .. amount end
  return incr(c[2], amount)
end
function checks.INCRBYFLOAT(c)
  local key = c[2]
  local problem = holds(key, 'string', false)
  if problem then return problem end
  local value
  problem, value = add_float(key, string_value(key), c[3])
  if problem then return problem end
  put_string(key, value)
end

function checks.HSET(c)
  local problem = holds(c[2], 'hash', true)
  if problem then return problem end
  for i = 3, #c, 2 do put_field(c[2], c[i], c[i + 1]) end
end
checks.HMSET = checks.HSET
function checks.HSETNX(c)
  local problem = holds(c[2], 'hash', true)
  if problem then return problem end
  if hash_value(c[2], c[3]) == false then put_field(c[2], c[3], c[4]) end
end
function checks.HDEL(c)
  local problem = shrinks(c[2], 'hash')
  if problem then return problem end
  for i = 3, #c do put_field(c[2], c[i], false) end
end
local function hash_adder(add)
  return function(c)
    local problem = holds(c[2], 'hash', true)
    if problem then return problem end
    local value
    problem, value = add(c[2] .. ' field ' .. c[3], hash_value(c[2], c[3]), c[4])
    if problem then return problem end
    put_field(c[2], c[3], value)
  end
end
checks.HINCRBY = hash_adder(add_integer)
checks.HINCRBYFLOAT = hash_adder(add_float)

local function creating(wanted)
  return function(c) return holds(c[2], wanted, true) end
end
local function keeping(wanted)
  return function(c) return holds(c[2], wanted, false) end
end
local function shrinking(wanted)
  return function(c) return shrinks(c[2], wanted) end
end
local function storing(c)
  for i = 3, #c do
    local problem = holds(c[i], 'set', false)
    if problem then return problem end
  end
  forget(c[2])
  kind[c[2]], maybe[c[2]], expiry[c[2]] = 'set', true, 'p'
end

checks.SADD = creating('set')
checks.SREM = shrinking('set')
checks.SINTERSTORE = storing
checks.SUNIONSTORE = storing
checks.SDIFFSTORE = storing

function checks.ZADD(c)
  for i = 3, #c - 2 do
    local option = c[i]:upper()
    if option == 'XX' then return holds(c[2], 'zset', false) end
    if tonumber(option) then break end
  end
  return holds(c[2], 'zset', true)
end
checks.ZINCRBY = creating('zset')
checks.ZREM = shrinking('zset')
checks.ZREMRANGEBYRANK = shrinking('zset')
checks.ZREMRANGEBYSCORE = shrinking('zset')
checks.ZREMRANGEBYLEX = shrinking('zset')
checks.ZPOPMIN = shrinking('zset')
checks.ZPOPMAX = shrinking('zset')

checks.LPUSH = creating('list')
checks.RPUSH = creating('list')
checks.LPUSHX = keeping('list')
checks.RPUSHX = keeping('list')
checks.LINSERT = keeping('list')
checks.LPOP = shrinking('list')
checks.RPOP = shrinking('list')
checks.LREM = shrinking('list')
checks.LTRIM = shrinking('list')

local commands = {}
local at = 8
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  local command = {unpack(ARGV, at + 1, at + count)}
  local problem = checks[command[1]](command)
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

if not generation then
  generation = fresh
  redis.call('HSET', registry, '', generation)
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
redis.call('HSET', tracking, 'generation', generation, 'id:' .. application, last,
           'commit:' .. application, token)
redis.call('PUBLISH', channel, last)
return {'ok', generation}
