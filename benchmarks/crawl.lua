-- wrk -s crawl.lua URL -- PAGES: asks for one page after another, each chosen at random.
local seed = 0

function setup(thread)
    seed = seed + 1
    thread:set("seed", seed)
end

function init(arguments)
    math.randomseed(seed)
    pages = tonumber(arguments[1])
    separator = wrk.path:find("?", 1, true) and "&" or "?"
end

function request()
    return wrk.format(nil, wrk.path .. separator .. "page=" .. math.random(pages))
end
