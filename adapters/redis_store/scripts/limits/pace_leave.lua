-- Counts replies as live no more in one scope.
local live, unshown, queue = unpack(KEYS)
for _, key in ipairs({live, unshown, queue}) do
  redis.call('ZREM', key, unpack(ARGV))
end
return 1
