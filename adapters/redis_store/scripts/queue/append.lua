-- Removes duplicates and appends. An answer of "not addressed" leaves no mark of the message, because the same
-- message may come once more as an addressed one.
local inbox, bodies, known, due, bell, counters = unpack(KEYS, 1, 6)
local told, turn, leases, burst, clock, askers, taken, taken_due, overheard, hour = unpack(KEYS, 7, 16)
local MOST_ASKERS = 10000
local NAMES = 17 -- from here on the names of the message; the first one is its id
local thread, id, body, addressed = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local longest, seen_ms, known_ms, bell_length = tonumber(ARGV[5]), ARGV[6], ARGV[7], tonumber(ARGV[8])
local queued_from = tonumber(ARGV[9])
local joins_ms, size, most_size = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local is_press, further_ms = ARGV[13] == '1', ARGV[14]
-- What is kept of a question instead, while a person has the thread; empty where there are no words.
local remark, most_remarks, most_bytes, remark_ms = ARGV[16], tonumber(ARGV[17]), tonumber(ARGV[18]), ARGV[19]
local hand_back_ms = tonumber(ARGV[20])
local per_hour, hour_kept = tonumber(ARGV[21]), tonumber(ARGV[22]) -- 0: it is not counted here
-- Whose answer at work is stopped for this question; empty: it waits its turn.
local interrupts = ARGV[23]
local is_question = ARGV[24] == '1'

-- Adds this to the question before it, where that is the same person's, came just now and still waits.
local function join()
  local owner = joins_ms > 0 and redis.call('GET', burst)
  if not owner or redis.call('LINDEX', inbox, -1) ~= owner or redis.call('HGET', turn, 'question') == owner then
    return false
  end
  local all = tonumber(redis.call('HGET', bodies, 'size:' .. owner) or 0) + 1 + size
  if all > most_size or redis.call('HEXISTS', bodies, owner) == 0 then
    return false
  end
  local parts = cjson.decode(redis.call('HGET', bodies, 'parts:' .. owner) or '[]')
  parts[#parts + 1] = id
  redis.call('HSET', bodies, id, body, 'owner:' .. id, owner, 'size:' .. owner, all,
    'parts:' .. owner, cjson.encode(parts))
  redis.call('SET', burst, owner, 'PX', joins_ms)
  if redis.call('HEXISTS', leases, thread) == 0 then
    redis.call('ZADD', due, 'XX', 'GT', whole(steady_ms(clock) + joins_ms), thread)
  end
  return true
end

-- Says whether the person has asked as much as an hour allows. What is stored is counted, in the same step.
local function is_over()
  if per_hour == 0 then
    return false
  end
  redis.call('ZREMRANGEBYSCORE', hour, '-inf', whole(steady_ms(clock) - 3600000))
  return redis.call('ZCARD', hour) >= per_hour
end

-- A press that found no room may be made again: what it is about is not used up.
local function release_press()
  for at = NAMES + 1, is_press and #KEYS or NAMES do
    redis.call('DEL', KEYS[at])
  end
end

-- The newest question of a person counts: their answer at work is stopped, what they asked in between is passed over.
-- Answers what is stopped, and whether other people's questions come first.
local function supersede()
  local stopped, waits = '', false
  for _, other in ipairs(redis.call('LRANGE', inbox, 0, -2)) do
    local readable, asked = pcall(cjson.decode, redis.call('HGET', bodies, other) or '')
    local is_theirs = readable and type(asked) == 'table' and asked.kind == 'ask' and type(asked.person) == 'table'
      and asked.person.id == interrupts
    if is_theirs and redis.call('HGET', turn, 'question') ~= other then
      redis.call('HSET', bodies, 'superseded:' .. other, '1')
    elseif is_theirs and redis.call('HGET', turn, 'step') ~= 'answered' then
      redis.call('HSET', turn, 'stopped', '1', 'superseded', '1')
      stopped = other
    end
    waits = waits or not is_theirs
  end
  return stopped, waits
end

local seen_before = is_seen(KEYS, NAMES)
if not seen_before and not addressed and redis.call('EXISTS', known) == 0 then
  return {'not_addressed', '', ''}
end
if not (seen_before and is_press) then -- a press that comes again says nothing new of what it is about
  note_seen(KEYS, NAMES, seen_ms, is_press and seen_ms or further_ms)
end

local became = 'accepted'
if seen_before then
  became = 'duplicate'
elseif is_question and redis.call('EXISTS', taken) == 1 then
  if remark ~= '' then
    overhear(overheard, remark, most_remarks, most_bytes, remark_ms)
  end
  redis.call('ZADD', taken_due, whole(steady_ms(clock) + hand_back_ms), thread)
  redis.call('PEXPIRE', known, known_ms)
  became = 'overheard'
elseif size > most_size then
  became = 'too_long'
elseif join() then
  became = 'joined'
elseif is_over() then
  became = 'over'
  release_press()
elseif redis.call('LLEN', inbox) >= longest then
  became = 'full'
  release_press()
else
  if per_hour > 0 then
    redis.call('ZADD', hour, whole(steady_ms(clock)), id)
    redis.call('ZREMRANGEBYRANK', hour, 0, -hour_kept - 1)
    redis.call('PEXPIRE', hour, 3600000)
  end
  -- One "queued" notice per backlog; an empty inbox resets it.
  local waiting = enqueue(inbox, bodies, due, bell, bell_length, clock, thread, id, body, joins_ms)
  if waiting == 1 then
    redis.call('DEL', told)
    if redis.call('HLEN', askers) >= MOST_ASKERS then
      redis.call('DEL', askers) -- hints that were left behind
    end
    redis.call('HSET', askers, thread, ARGV[15])
  elseif waiting >= queued_from and redis.call('SET', told, '1', 'NX', 'PX', known_ms) then
    became = 'queued'
  end
  if joins_ms > 0 then
    redis.call('HSET', bodies, 'size:' .. id, size)
    redis.call('SET', burst, id, 'PX', joins_ms)
  end
  -- Until it is settled the mark names the question that made the thread known.
  if not addressed or not redis.call('SET', known, id, 'NX', 'PX', known_ms) then
    redis.call('PEXPIRE', known, known_ms)
  end
end
redis.call('HINCRBY', counters, 'question.' .. became, 1)
local stopped = ''
if interrupts ~= '' and (became == 'accepted' or became == 'queued') then
  local waits
  stopped, waits = supersede()
  if became == 'queued' and not waits then
    redis.call('DEL', told)
    became = 'accepted'
  end
end
return {became, stopped, redis.call('HGET', leases, thread) or ''}
