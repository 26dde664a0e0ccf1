-- Takes or keeps the lead; a length of 0 gives it up. Answers 1 where the holder leads afterwards.
local leader, holder, lease_ms = KEYS[1], ARGV[1], tonumber(ARGV[2])
local leads = redis.call('GET', leader)
if leads and leads ~= holder then
  return 0
end
if lease_ms <= 0 then
  redis.call('DEL', leader)
  return 0
end
redis.call('SET', leader, holder, 'PX', lease_ms)
return 1
