-- Moves leases ahead; each has a record of its turn among KEYS. Answers which (counted from 0) another worker has, which
-- no worker has, and the questions at work whose answers a person stopped.
local due, leases, clock = unpack(KEYS, 1, 3)
go_on_when_full(due)
local ahead = whole(steady_ms(clock) + tonumber(ARGV[1]))
local lost, gone, stopped = {}, {}, {}
for at = 2, #ARGV, 2 do
  local thread, number = ARGV[at], (at - 2) / 2
  local holder = redis.call('HGET', leases, thread)
  if holder == ARGV[at + 1] then
    redis.call('ZADD', due, ahead, thread)
    local turn = redis.call('HMGET', KEYS[4 + number], 'stopped', 'question')
    if turn[1] and turn[2] then
      stopped[#stopped + 1] = turn[2]
    end
  elseif holder then
    lost[#lost + 1] = number
  else
    gone[#gone + 1] = number
  end
end
return {lost, gone, stopped}
