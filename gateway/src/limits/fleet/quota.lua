-- A counter of one period of the calendar.
-- KEYS[1]: what is used. ARGV: what a request counts (less than nothing gives back), the quota, milliseconds to keep it,
--       what this gateway spent without asking, what it knew to be used before, and how many gateways there are.
-- Answers: whether it fits, what is used.
local cost = tonumber(ARGV[1])
local spent = tonumber(ARGV[4])
local known = tonumber(ARGV[5])
local used = tonumber(redis.call('GET', KEYS[1]) or 0)
if used >= known then
  used = used + spent
else
  -- What was counted is lost here. The other gateways may have spent as much as this one.
  used = math.max(used, known + spent * tonumber(ARGV[6]))
end
local fits = used + cost <= tonumber(ARGV[2])
if fits then
  used = math.max(used + cost, 0)
end
redis.call('SET', KEYS[1], string.format('%.0f', used), 'PX', tonumber(ARGV[3]))
return {fits and 1 or 0, used}
