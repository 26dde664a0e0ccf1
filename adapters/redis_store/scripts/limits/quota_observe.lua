-- Notes what TalkifAI said. Answers cross on their way: within one window the smaller remainder is the newer one.
local quota, limit, remaining, until_reset = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = now_ms()
local known = redis.call('HMGET', quota, 'remaining', 'reset_at')
local reset_at = tonumber(known[2] or 0)
if reset_at > now and known[1] and math.abs(now + until_reset - reset_at) <= 1500 then
  remaining = math.min(remaining, tonumber(known[1]))
end
redis.call('HSET', quota, 'limit', limit, 'remaining', remaining, 'reset_at', whole(now + until_reset))
redis.call('PEXPIRE', quota, 3600000)
return 1
