-- Queues the end of a conversation whose binding failed, or may have failed: the answer can have been lost.
local session, idle, endings, ends, clock = unpack(KEYS)
local thread, conversation, reason = ARGV[1], ARGV[2], ARGV[3]
go_on_when_full(ends)
if redis.call('HGET', session, 'conversation_id') == conversation then
  redis.call('DEL', session)
  redis.call('ZREM', idle, thread)
end
redis.call('HSETNX', endings, conversation, cjson.encode({
  thread = thread, reason = reason, since_ms = whole(now_ms()), session = {unpack(ARGV, 4)},
}))
redis.call('ZADD', ends, 'NX', whole(steady_ms(clock)), conversation)
return 1
