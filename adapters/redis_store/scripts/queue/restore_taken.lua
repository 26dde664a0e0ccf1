-- Gives a thread to the person again who had it, where the server has forgotten that.
local taken, taken_due, known, clock = unpack(KEYS)
local thread, hand_back_ms, known_ms = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if redis.call('EXISTS', taken) == 1 then
  return 0
end
go_on_when_full(taken_due)
redis.call('HSET', taken, unpack(ARGV, 4))
redis.call('ZADD', taken_due, whole(steady_ms(clock) + hand_back_ms), thread)
redis.call('SET', known, '1', 'PX', known_ms)
return 1
