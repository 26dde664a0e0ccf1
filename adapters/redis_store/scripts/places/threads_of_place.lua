-- Names the threads of one place that have work or a session: first those with work alone, then by idle deadline.
local idle, due = unpack(KEYS)
local beginning = ARGV[1]
local found = {}
local function is_there(thread)
  return string.sub(thread, 1, #beginning) == beginning
end
for _, thread in ipairs(redis.call('ZRANGE', due, 0, -1)) do
  if is_there(thread) and not redis.call('ZSCORE', idle, thread) then
    found[#found + 1] = thread
  end
end
for _, thread in ipairs(redis.call('ZRANGE', idle, 0, -1)) do
  if is_there(thread) then
    found[#found + 1] = thread
  end
end
return found
