-- Answers after how many milliseconds the person may ask again under a limit of an hour: 0 for at once.
local hour, clock, per_hour = KEYS[1], KEYS[2], tonumber(ARGV[1])
local now = steady_ms(clock)
if per_hour == 0 or redis.call('ZCOUNT', hour, whole(now - 3600000), '+inf') < per_hour then
  return 0
end
local oldest = redis.call('ZREVRANGE', hour, per_hour - 1, per_hour - 1, 'WITHSCORES')
return math.max(1, tonumber(oldest[2]) + 3600000 - now)
