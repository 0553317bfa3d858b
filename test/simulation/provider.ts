/** @module The identity provider of a world: the emulator in the process, reached over the network, and what it knows. */
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { ConnectionError, type Network, type Place, place } from './network.js'
import { protocolApplication, registrationOf } from './protocols.js'
import { Dice } from './random.js'

/** Domain of the shared cookie. */
export const base = 'citizen.example'

/** An identity session: what a person began at the provider by proving who they are. */
export interface Login {
  /** As a story calls it: `ana (2)`. */
  readonly name: string
  readonly person: string
  readonly jti: string
  /** Milliseconds since the world began. */
  readonly begunAt: number
  /** Of a session by a protocol at one application: the identity session that the provider vouched for. */
  readonly identity?: Login | undefined
}

/** A refresh that reached the provider. */
export interface RefreshCall {
  readonly jti: string
  readonly token: string
  /** Which application asked. */
  readonly by: string
  readonly at: number
  /** Whether a new token was the answer. */
  isDone: boolean
}

export interface ProviderOptions {
  readonly network: Network
  readonly clock: () => number
  readonly tokenSeconds: number
  readonly idleSeconds: number
}

/** An emulator that one world after the other has for itself: making its keys takes longer than a whole history. */
interface SharedEmulator {
  readonly emulator: Emulator
  /** As new, in the time of another world. */
  begin(clock: () => number, post: Post): void
}

/** Takes what the provider sends by itself. */
type Post = (request: Request) => Promise<Response>

const nobodyIsAsked: Post = () => Promise.reject(new ConnectionError('nobody is asked'))

const emulators = new Map<string, Promise<SharedEmulator>>()

function sharedEmulator(tokenSeconds: number, idleSeconds: number): Promise<SharedEmulator> {
  const key = `${tokenSeconds} ${idleSeconds}`
  const known = emulators.get(key) ?? makeEmulator(tokenSeconds, idleSeconds)
  emulators.set(key, known)
  return known
}

async function makeEmulator(tokenSeconds: number, idleSeconds: number): Promise<SharedEmulator> {
  let clock = Date.now
  let deliver = nobodyIsAsked
  let dice = new Dice(0)
  const emulator = await createEmulator({
    url: `https://id.${base}`,
    domain: base,
    clock: () => clock(),
    random: (bytes) => dice.bytes(bytes),
    people: ['ana', 'ben', 'cleo'].map((username) => ({ username, password: `${username}-password` })),
    hashingCost: 1000,
    tokenSeconds,
    idleSeconds,
    sessionSeconds: 7200,
    fetch: (input, init) => deliver(new Request(input, init)),
    ...registrationOf(`https://${protocolApplication}.${base}`),
  })
  return {
    emulator,
    begin(time, post) {
      clock = time
      deliver = post
      // The same in every world, so that the same signatures are asked for: making one takes long too.
      dice = new Dice(0)
      emulator.reset()
    },
  }
}

export class Provider {
  readonly place: Place = place('provider')
  readonly emulator: Emulator
  readonly logins: Login[] = []
  readonly refreshes: RefreshCall[] = []
  /** By the `sid` of OpenID Connect, or the SessionIndex of SAML. */
  readonly participations = new Map<string, Login>()
  /** Takes what it sends by itself. */
  onPost = nobodyIsAsked
  /** Instead of doing its work, it answers with this status. */
  status: number | undefined
  /** It takes seconds for each answer. */
  isSlow = false
  /** How many refreshes were judged. */
  judged = 0
  readonly #network: Network

  private constructor(emulator: Emulator, network: Network) {
    this.emulator = emulator
    this.#network = network
  }

  static async create({ network, clock, tokenSeconds, idleSeconds }: ProviderOptions): Promise<Provider> {
    const shared = await sharedEmulator(tokenSeconds, idleSeconds)
    const provider = new Provider(shared.emulator, network)
    shared.begin(clock, (request) => provider.onPost(request))
    return provider
  }

  login(jti: string): Login | undefined {
    return this.logins.find((login) => login.jti === jti)
  }

  /** Whether an identity session lives. */
  isLiving(jti: string): boolean {
    return this.emulator.sessions.some((session) => session.jti === jti)
  }

  personOf(sub: string): string | undefined {
    return this.emulator.people.find((person) => person.sub === sub)?.username
  }

  /** The token of an identity session that lives. */
  async tokenOf(jti: string | undefined): Promise<string | undefined> {
    const session = this.emulator.sessions.find((each) => each.jti === jti)
    return session && this.emulator.tokenFor(session.username, { session: session.jti })
  }

  /** Remembers by which names applications know of identity sessions. */
  noteParticipants(): void {
    const { emulator } = this
    const taking = [
      ...(emulator.hasOpenid ? emulator.openid.participants() : []).map(
        ({ sid, jti }) => [sid, jti] as const,
      ),
      ...(emulator.hasSaml ? emulator.saml.participants : []).map(
        ({ sessionIndex, session }) => [sessionIndex, session] as const,
      ),
    ]
    for (const [name, jti] of taking) {
      const login = this.login(jti)
      if (login !== undefined) this.participations.set(name, login)
    }
  }

  /** A person signs in, or comes by with a session that lives. Returns the token. */
  async admit(
    person: string,
    known: string | undefined,
    now: number,
  ): Promise<{ login: Login; token: string }> {
    const isKnown = known !== undefined && this.isLiving(known)
    const token = await this.emulator.tokenFor(person, isKnown ? { session: known } : undefined)
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      jti: string
    }
    let login = this.login(payload.jti)
    if (login === undefined) {
      const count = this.logins.filter((each) => each.person === person).length + 1
      login = { name: `${person} (${count})`, person, jti: payload.jti, begunAt: now }
      this.logins.push(login)
    }
    return { login, token }
  }

  /** What a process of an application calls the provider with. */
  fetchOf(application: string): typeof globalThis.fetch {
    return (input, init) => this.#fetch(application, input, init)
  }

  #fetch(application: string, ...[input, init]: Parameters<typeof globalThis.fetch>): Promise<Response> {
    const { signal, ...rest } = init ?? {}
    const answer = this.#network.call(this.place, async () => {
      const call =
        init?.method === 'POST' && typeof init.body === 'string' && init.body.startsWith('{')
          ? this.#note(init.body, application)
          : undefined
      if (this.status !== undefined) return new Response('not now', { status: this.status })
      if (this.isSlow) await this.#dawdle()
      const response = await this.emulator.fetch(input, rest)
      if (call !== undefined) call.isDone = response.ok
      return response
    })
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      answer.then(resolve, (error: Error) => reject(new TypeError('fetch failed', { cause: error })))
    })
  }

  #dawdle(): Promise<void> {
    const { scheduler } = this.#network
    return new Promise((resolve) => {
      scheduler.after(500 + scheduler.draw() * 3500, this.place, resolve)
    })
  }

  #note(body: string, by: string): RefreshCall {
    const { token } = JSON.parse(body) as { token: string }
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      jti: string
    }
    const call = { jti, token, by, at: this.#network.scheduler.now, isDone: false }
    this.refreshes.push(call)
    return call
  }
}
