-- Notes a 429. For a while the number that the service documents is then the most: twice as long as the last time,
-- where that was tried again since. Of several 429s at once, the first counts.
local state, wait, first, most = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = now_ms()
local known = redis.call('HMGET', state, 'not_before', 'strict_until', 'strict_for')
local not_before = math.max(now + wait, tonumber(known[1] or 0))
local strict = tonumber(known[3] or 0)
if now >= tonumber(known[2] or 0) then
  strict = math.min(math.max(first, 2 * strict), most)
end
redis.call('HSET', state, 'not_before', whole(not_before), 'strict_until', whole(now + strict), 'strict_for', whole(strict))
redis.call('HDEL', state, 'trusted')
redis.call('PEXPIRE', state, whole(math.max(not_before - now, strict) + most))
return 1
