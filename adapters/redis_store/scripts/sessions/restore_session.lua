-- Binds a thread again to the conversation that its worker knows, where the server has forgotten it. Answers 0 where it is
-- bound to another one by now.
local session, idle, opened_by, clock = unpack(KEYS)
local thread, idle_ms, conversation = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local bound = redis.call('HGET', session, 'conversation_id')
if bound then
  return bound == conversation and 1 or 0
end
go_on_when_full(idle)
redis.call('HSET', session, unpack(ARGV, 5))
redis.call('ZADD', idle, whole(steady_ms(clock) + idle_ms), thread)
redis.call('SADD', opened_by, thread)
redis.call('PEXPIRE', opened_by, ARGV[4])
return 1
