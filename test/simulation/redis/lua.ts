/** @module Lua 5.1 in the process, as Redis has it: the interpreter of lua.org, compiled to WebAssembly. */
import { createRequire } from 'node:module'

/** An answer of Redis. `null`: nothing is there. */
export type Reply = string | number | null | Status | readonly Reply[]

/** A status, as `+OK`. */
export class Status {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** An answer that is an error: its message begins with its code. */
export class RedisError extends Error {
  override readonly name = 'ReplyError'
}

/** What a script calls with. @throws RedisError */
export type Call = (words: readonly string[]) => Reply

/** What is used of the module: functions of the C API, by their names there. */
interface LuaModule {
  readonly HEAPU8: Uint8Array
  readonly HEAPU32: Uint32Array
  addFunction(call: (state: number) => number, signature: string): number
  _malloc(bytes: number): number
  _lua_gettop(state: number): number
  _lua_settop(state: number, index: number): void
  _lua_type(state: number, index: number): number
  _lua_tolstring(state: number, index: number, length: number): number
  _lua_tonumber(state: number, index: number): number
  _lua_toboolean(state: number, index: number): number
  _lua_pushlstring(state: number, text: number, length: number): void
  _lua_pushnumber(state: number, value: number): void
  _lua_pushboolean(state: number, value: number): void
  _lua_createtable(state: number, list: number, fields: number): void
  _lua_rawseti(state: number, index: number, at: number): void
  _lua_rawgeti(state: number, index: number, at: number): void
  _lua_pcall(state: number, given: number, results: number, handler: number): number
}

interface LuaApi {
  readonly module: LuaModule
  luaL_newstate(): number
  luaL_openlibs(state: number): void
  luaL_loadstring(state: number, source: string): number
  luaL_ref(state: number, table: number): number
  lua_pushcclosure(state: number, call: number, values: number): void
  lua_getfield(state: number, index: number, name: string): void
  lua_setglobal(state: number, name: string): void
}

const registry = -10_000
const types = { boolean: 1, number: 3, string: 4, table: 5 } as const
const scratchBytes = 1 << 16

/** `redis.call` raises what `redis.pcall` returns. */
const prelude = `
redis = {pcall = answer}
answer = nil
function redis.call(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then error(reply.err, 0) end
  return reply
end
function failed(message) return {err = message} end
`

/** The interpreter. Scripts run one after the other, each to its end. */
export class Lua {
  readonly #api: LuaApi
  readonly #module: LuaModule
  readonly #state: number
  readonly #scratch: number
  readonly #length: number
  readonly #compiled = new Map<string, number>()
  #call: Call = () => null

  private constructor(api: LuaApi) {
    this.#api = api
    this.#module = api.module
    this.#state = api.luaL_newstate()
    this.#scratch = this.#module._malloc(scratchBytes)
    this.#length = this.#module._malloc(8)
    api.luaL_openlibs(this.#state)
    const answer = this.#module.addFunction(() => this.#answer(), 'ii')
    api.lua_pushcclosure(this.#state, answer, 0)
    api.lua_setglobal(this.#state, 'answer')
    this.#runRef(this.#compile(prelude))
    this.#module._lua_settop(this.#state, 0)
  }

  /** One for all servers of the process. */
  static load(): Promise<Lua> {
    loading ??= (async () => {
      const { LuaApi: loader } = createRequire(import.meta.url)('wasmoon-lua5.1') as {
        LuaApi: { initialize(): Promise<LuaApi> }
      }
      return new Lua(await loader.initialize())
    })()
    return loading
  }

  /** Runs a script. @throws RedisError */
  run(source: string, keys: readonly string[], given: readonly string[], call: Call): Reply {
    const { lua_setglobal } = this.#api
    this.#call = call
    this.#push(keys)
    lua_setglobal.call(this.#api, this.#state, 'KEYS')
    this.#push(given)
    lua_setglobal.call(this.#api, this.#state, 'ARGV')
    try {
      this.#runRef(this.#compile(source))
      return this.#read(-1)
    } finally {
      this.#module._lua_settop(this.#state, 0)
    }
  }

  #compile(source: string): number {
    const known = this.#compiled.get(source)
    if (known !== undefined) return known
    const { luaL_loadstring, luaL_ref } = this.#api
    if (luaL_loadstring.call(this.#api, this.#state, source) !== 0)
      throw new RedisError(`ERR ${this.#text(-1)}`)
    const ref = luaL_ref.call(this.#api, this.#state, registry)
    this.#compiled.set(source, ref)
    return ref
  }

  #runRef(ref: number): void {
    this.#module._lua_rawgeti(this.#state, registry, ref)
    if (this.#module._lua_pcall(this.#state, 0, 1, 0) === 0) return
    const message = this.#text(-1)
    throw new RedisError(/^[A-Z]+ /.test(message) ? message : `ERR ${message}`)
  }

  /** What a script has called. */
  #answer(): number {
    const words: string[] = []
    const count = this.#module._lua_gettop(this.#state)
    for (let index = 1; index <= count; index += 1) words.push(this.#text(index))
    try {
      this.#push(this.#call(words))
    } catch (error) {
      this.#pushError((error as Error).message)
    }
    return 1
  }

  #pushError(message: string): void {
    // A table with `err`: made in Lua, which has nothing else for it.
    this.#api.lua_getfield(this.#state, -10_002, 'failed')
    this.#push(message)
    this.#module._lua_pcall(this.#state, 1, 1, 0)
  }

  #push(value: Reply): void {
    const { _lua_pushboolean, _lua_pushnumber, _lua_createtable, _lua_rawseti } = this.#module
    if (value === null) _lua_pushboolean(this.#state, 0)
    else if (typeof value === 'number') _lua_pushnumber(this.#state, value)
    else if (typeof value === 'string') this.#pushText(value)
    else if (value instanceof Status) this.#pushText(value.text)
    else {
      _lua_createtable(this.#state, value.length, 0)
      for (const [index, each] of value.entries()) {
        this.#push(each)
        _lua_rawseti(this.#state, -2, index + 1)
      }
    }
  }

  #pushText(text: string): void {
    const bytes = Buffer.from(text)
    const at = bytes.length <= scratchBytes ? this.#scratch : this.#module._malloc(bytes.length)
    this.#module.HEAPU8.set(bytes, at)
    this.#module._lua_pushlstring(this.#state, at, bytes.length)
  }

  #text(index: number): string {
    const at = this.#module._lua_tolstring(this.#state, index, this.#length)
    const length = this.#module.HEAPU32[this.#length >> 2] ?? 0
    return Buffer.from(this.#module.HEAPU8.buffer, at, length).toString()
  }

  /** A value of Lua as Redis answers it. */
  #read(index: number): Reply {
    const { _lua_type, _lua_tonumber, _lua_toboolean, _lua_rawgeti } = this.#module
    switch (_lua_type(this.#state, index)) {
      case types.number:
        return Math.trunc(_lua_tonumber(this.#state, index))
      case types.string:
        return this.#text(index)
      case types.boolean:
        return _lua_toboolean(this.#state, index) === 1 ? 1 : null
      case types.table: {
        const list: Reply[] = []
        for (let at = 1; ; at += 1) {
          _lua_rawgeti(this.#state, -1, at)
          const isOver = _lua_type(this.#state, -1) === 0
          if (!isOver) list.push(this.#read(-1))
          this.#module._lua_settop(this.#state, -2)
          if (isOver) return list
        }
      }
      default:
        return null
    }
  }
}

let loading: Promise<Lua> | undefined
