-- Notes that a call has ended: it counts from now on, and makes way for the next one beyond what is documented.
local call, went_well = ARGV[1], ARGV[2] == '1'
local now = now_ms()
for at = 1, #KEYS, 3 do
  local calls, beyond, state = unpack(KEYS, at, at + 2)
  redis.call('ZADD', calls, 'GT', whole(now), call)
  redis.call('PEXPIRE', calls, math.max(120000, redis.call('PTTL', calls)))
  if redis.call('ZREM', beyond, call) == 1 and went_well then
    redis.call('HINCRBY', state, 'trusted', 1)
    redis.call('PEXPIRE', state, math.max(3600000, redis.call('PTTL', state)))
  end
end
return 1
