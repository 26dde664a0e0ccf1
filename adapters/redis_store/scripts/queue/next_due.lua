-- How long (ms) until a thread may be taken; -1 where none has work.
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #first == 0 then
  return -1
end
return math.max(0, math.ceil(tonumber(first[2]) - now_ms()))
