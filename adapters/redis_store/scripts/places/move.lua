-- Gives all that a thread has to another thread. The worker of the old one loses its lease by that, and the
-- turn is taken up again under the new name: without the ids of messages, which mean nothing there.
local due, leases, idle, endings, ends, bell, heir, clock, taken_due = unpack(KEYS, 1, 9)
local inbox, bodies, turn, known, session, unanswered, told, exchanges, answered, taken, overheard = unpack(KEYS, 10, 20)
local new_inbox, new_bodies, new_turn, new_known, new_session, new_unanswered, _, new_exchanges, _, new_taken, new_overheard =
  unpack(KEYS, 21, 31)
local thread, new, root, bell_length = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local known_ms, heir_ms, new_place = ARGV[5], ARGV[6], ARGV[7]

local deadline = redis.call('ZSCORE', idle, thread)
if redis.call('EXISTS', inbox, session, taken) == 0 then
  redis.call('ZREM', due, thread)
  redis.call('ZREM', idle, thread)
  redis.call('HDEL', leases, thread)
  return 0
end

go_on_when_full(due)
if redis.call('EXISTS', new_session) == 1 then
  begin_ending(session, idle, endings, ends, clock, thread, 'replaced')
elseif redis.call('EXISTS', session) == 1 then
  redis.call('RENAME', session, new_session)
  redis.call('ZREM', idle, thread)
  redis.call('ZADD', idle, deadline or whole(steady_ms(clock)), new)
end

-- What was asked before the move goes first, with the record of its turn; behind a turn that is at work already.
local ids = redis.call('LRANGE', inbox, 0, -1)
if redis.call('EXISTS', new_turn) == 0 then
  if redis.call('EXISTS', turn) == 1 then
    redis.call('RENAME', turn, new_turn)
    redis.call('HDEL', new_turn, 'message_ids')
  end
  for at = #ids, 1, -1 do
    redis.call('LPUSH', new_inbox, ids[at])
  end
else
  for _, id in ipairs(ids) do
    redis.call('RPUSH', new_inbox, id)
  end
end
local fields = redis.call('HGETALL', bodies)
for at = 1, #fields, 2 do
  redis.call('HSET', new_bodies, fields[at], fields[at + 1])
end
if redis.call('EXISTS', unanswered) == 1 then
  redis.call('RENAME', unanswered, new_unanswered)
end
for key, new_key in pairs({ [exchanges] = new_exchanges, [overheard] = new_overheard }) do
  if redis.call('EXISTS', key) == 1 then
    redis.call('RENAME', key, new_key)
  end
end
if redis.call('EXISTS', taken) == 1 then
  local address = cjson.decode(redis.call('HGET', taken, 'address'))
  address.place, address.reply_to = new_place, ''
  redis.call('HSET', taken, 'address', cjson.encode(address))
  redis.call('RENAME', taken, new_taken)
  redis.call('ZADD', taken_due, redis.call('ZSCORE', taken_due, thread) or whole(steady_ms(clock)), new)
  redis.call('ZREM', taken_due, thread)
end
redis.call('DEL', inbox, bodies, turn, known, told, answered)
redis.call('SET', new_known, '1', 'PX', known_ms)
redis.call('ZREM', due, thread)
redis.call('HDEL', leases, thread)
if redis.call('EXISTS', new_inbox) == 1 and redis.call('ZADD', due, 'NX', whole(steady_ms(clock)), new) == 1 then
  ring(bell, bell_length)
end
redis.call('SET', heir, root, 'PX', heir_ms)
return 1
