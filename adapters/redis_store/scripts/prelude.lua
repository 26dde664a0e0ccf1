-- Stands before every other script. Times are milliseconds of the server's own clock.
-- Every script names all its keys in KEYS: servers that share keys out want to know them beforehand.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The time by which deadlines are kept: the server's, less the jumps that its clock is known to have made.
local function steady_ms(clock)
  return now_ms() - tonumber(redis.call('GET', clock) or 0)
end

-- A full server (maxmemory, noeviction) refuses the first write of a script that may need memory, but no write after
-- one that it took. So what ends, frees or finishes something begins with a removal, here of what is not there.
local function go_on_when_full(sorted_set)
  redis.call('ZREM', sorted_set, '')
end

-- Lua would write a large number as 1.7e+12.
local function whole(number)
  return string.format('%.0f', number)
end

-- Notes that a worker lives. Those that were not heard of for a while are forgotten.
local function note_presence(workers, worker, presence_ms)
  local now = now_ms()
  redis.call('ZREMRANGEBYSCORE', workers, '-inf', whole(now - presence_ms))
  redis.call('ZREMRANGEBYSCORE', workers, whole(now + 1000), '+inf') -- from before the clock was put back
  redis.call('ZADD', workers, whole(now), worker)
  redis.call('PEXPIRE', workers, presence_ms)
end

-- The name of a turn on a button: `bridge.reply.buttons.token_of` makes the same.
local function token_of(question_id)
  return string.sub(redis.sha1hex(question_id), 1, 16)
end

-- Says whether a message came in before, under any of its names: the keys from there on.
local function is_seen(keys, from)
  for at = from, #keys do
    if redis.call('EXISTS', keys[at]) == 1 then
      return true
    end
  end
  return false
end

-- Marks a message as seen: its id, which comes first, for the one time, its other names for the other.
local function note_seen(keys, from, seen_ms, further_ms)
  for at = from, #keys do
    redis.call('SET', keys[at], '1', 'PX', at == from and seen_ms or further_ms)
  end
end

local function holds(leases, thread, fence)
  return redis.call('HGET', leases, thread) == fence
end

-- 1 where the turn is still the one that was begun under this lease, else 0: a write that comes late, when its question
-- is settled and the next one begun, is not for that one. -1 where no worker holds the thread: the server may have
-- forgotten the lease.
local function is_at_work(leases, turn, thread, fence, question)
  local holder = redis.call('HGET', leases, thread)
  if not holder then
    return -1
  end
  local begun = redis.call('HMGET', turn, 'fence', 'question')
  return holder == fence and begun[1] == fence and (question == '' or begun[2] == question) and 1 or 0
end

local function ring(bell, length)
  redis.call('LPUSH', bell, '1')
  redis.call('LTRIM', bell, 0, length - 1)
end

-- Takes the session off its thread and queues the end of its conversation. False where there is none.
local function begin_ending(session, idle, endings, ends, clock, thread, reason)
  local fields = redis.call('HGETALL', session)
  redis.call('DEL', session)
  redis.call('ZREM', idle, thread)
  if #fields == 0 then
    return false
  end
  local conversation
  for at = 1, #fields, 2 do
    if fields[at] == 'conversation_id' then
      conversation = fields[at + 1]
    end
  end
  redis.call('HSETNX', endings, conversation, cjson.encode({
    thread = thread, reason = reason, since_ms = whole(now_ms()), session = fields,
  }))
  redis.call('ZADD', ends, 'NX', whole(steady_ms(clock)), conversation)
  return true
end

-- Keeps what was said while a person has the thread: the newest, so many and so many bytes. 0: nothing is kept.
local function overhear(overheard, body, most, most_bytes, kept_ms)
  if most == 0 then
    return
  end
  redis.call('RPUSH', overheard, body)
  redis.call('LTRIM', overheard, -most, -1)
  redis.call('PEXPIRE', overheard, kept_ms)
  local bytes, kept = 0, redis.call('LRANGE', overheard, 0, -1)
  for at = #kept, 1, -1 do
    bytes = bytes + #kept[at]
    if bytes > most_bytes then
      redis.call('LTRIM', overheard, at, -1)
      return
    end
  end
end

-- Notes that a person has the thread. What waits there, behind what is at work, is kept for the agent instead of asked.
local function take_over(taken, taken_due, inbox, bodies, clock, thread, asked, hand_back_ms, at_work, keep)
  redis.call('DEL', taken)
  redis.call('HSET', taken, 'person', asked.person.id, 'name', asked.person.name or '', 'since_ms', whole(now_ms()),
    'address', cjson.encode(asked.address))
  redis.call('ZADD', taken_due, whole(steady_ms(clock) + hand_back_ms), thread)
  for _, id in ipairs(redis.call('LRANGE', inbox, at_work and 1 or 0, -1)) do
    local body = redis.call('HGET', bodies, id)
    if body and string.find(body, '"kind":"ask"', 1, true) then
      keep(body)
      for _, part in ipairs(cjson.decode(redis.call('HGET', bodies, 'parts:' .. id) or '[]')) do
        keep(redis.call('HGET', bodies, part))
        redis.call('HDEL', bodies, part, 'owner:' .. part)
      end
      redis.call('LREM', inbox, 0, id)
      redis.call('HDEL', bodies, id, 'parts:' .. id, 'size:' .. id, 'superseded:' .. id)
    end
  end
end

-- Puts something behind what waits in a thread, and the thread among those that have work. Answers how many wait.
local function enqueue(inbox, bodies, due, bell, bell_length, clock, thread, id, body, joins_ms)
  local waiting = redis.call('RPUSH', inbox, id)
  redis.call('HSET', bodies, id, body)
  -- A thread that is leased is in the set already: its worker sees the question when it settles.
  if redis.call('ZADD', due, 'NX', whole(steady_ms(clock) + joins_ms), thread) == 1 then
    ring(bell, bell_length)
  end
  return waiting
end

-- Tells all workers that what was said in a thread (no name: in any) by that time is forgotten: they have it in mind,
-- and TalkifAI's history holds it. Kept for a day: longer than a session may live.
local function note_drop(drops, thread, at_ms)
  redis.call('XADD', drops, 'MAXLEN', '~', 5000, '*', 'thread', thread, 'at_ms', whole(tonumber(at_ms)))
  redis.call('PEXPIRE', drops, 86400000)
end

-- Forgets what was said in a thread, but for so many of the newest.
local function forget_exchanges(exchanges, drops, thread, kept)
  local newest = redis.call('ZREVRANGE', exchanges, kept, kept, 'WITHSCORES')
  if #newest > 0 then
    redis.call('ZREMRANGEBYRANK', exchanges, 0, -kept - 1)
    note_drop(drops, thread, newest[2])
  end
end

-- Forgets replies whose time is over: their worker has died, or stands still. Answers how many.
local function forget_replies(live, unshown, queue, now)
  local gone = redis.call('ZRANGEBYSCORE', live, '-inf', whole(now), 'LIMIT', 0, 500)
  if #gone > 0 then
    for _, key in ipairs({live, unshown, queue}) do
      redis.call('ZREM', key, unpack(gone))
    end
  end
  return #gone
end

-- Counts the calls that a budget lets through in the time ahead. A window that is shorter comes round more than once.
local function room_ahead(calls, most, window, ahead, now)
  -- Of a short window nothing that was counted so far is left by then.
  local counted = window + 1000 < ahead and 0 or redis.call('ZCOUNT', calls, whole(now + ahead - window), '+inf')
  return math.floor(most * math.max(1, ahead / window)) - counted
end

-- The number of the day in UTC, and for how long (ms) it lasts.
local function day_of(now)
  local today = math.floor(now / 86400000)
  return whole(today), (today + 1) * 86400000 - now
end

-- What is used of a day's budget so far.
local function used_today(budget, today)
  local known = redis.call('HMGET', budget, 'day', 'messages', 'tokens')
  if known[1] ~= today then
    return { messages = 0, tokens = 0 }
  end
  return { messages = tonumber(known[2] or 0), tokens = tonumber(known[3] or 0) }
end

-- Counts in a day's budget and answers what is used then. It begins anew with the day.
local function count_today(budget, today, unit, count)
  if redis.call('HGET', budget, 'day') ~= today then
    redis.call('DEL', budget)
    redis.call('HSET', budget, 'day', today)
  end
  local used = redis.call('HINCRBY', budget, unit, count)
  redis.call('PEXPIRE', budget, 172800000)
  return used
end

-- Adds the level (percent) that a budget has come to, where that was lower before.
local function add_level(answer, name, unit, before, used, most)
  for _, percent in ipairs({ 100, 80 }) do
    local level = most * percent / 100
    if most > 0 and before < level and used >= level then
      answer[#answer + 1] = name
      answer[#answer + 1] = unit
      answer[#answer + 1] = percent
      return
    end
  end
end
