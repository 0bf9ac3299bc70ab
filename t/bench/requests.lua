-- requests.lua - for wrk: sends lines of a file in random order, and prints what came of it as one line of JSON.
-- Environment: BENCH_REQUESTS, a file of lines "METHOD<tab>PATH[<tab>NAME: VALUE]..."; BENCH_BODY, a body for all.
local threads, requests, count = 0, {}, 0

function setup(thread)
	threads = threads + 1
	thread:set("number", threads)
end

function init()
	local body = os.getenv("BENCH_BODY")
	math.randomseed(os.time() * 64 + number)
	for line in io.lines(os.getenv("BENCH_REQUESTS")) do
		local method, path, rest = line:match("^(%u+)\t([^\t]+)(.*)$")
		local headers = {}
		for name, value in rest:gmatch("\t([^:\t]+): ([^\t]*)") do
			headers[name] = value
		end
		count = count + 1
		requests[count] = wrk.format(method, path, headers, body)
	end
end

function request()
	return requests[math.random(count)]
end

function done(summary, latency)
	local e = summary.errors
	io.write(string.format(
		'\n{"requests":%d,"seconds":%.6f,"bytes":%d,"p50_ms":%.3f,"p99_ms":%.3f,"bad":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\n',
		summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3,
		latency:percentile(99) / 1e3, e.status, e.connect, e.read, e.write, e.timeout))
end
