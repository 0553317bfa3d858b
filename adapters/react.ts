/** @module The React adapter: the browser client as a provider and a hook, and the header. React 18 and 19, safe to render on a server. */
'use client'
import {
  createContext,
  createElement,
  type DetailedHTMLProps,
  type HTMLAttributes,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import {
  type CitizenClient,
  type CitizenClientOptions,
  type CitizenSnapshot,
  startCitizen,
} from '../src/browser/browser.js'
import {
  type CitizenHeaderElement,
  type CitizenHeaderOptions,
  defineCitizenHeader,
  type HeaderTexts,
} from '../src/browser/header/header.js'

/** What `<citizen-header>` takes where it is written as an element. */
export interface CitizenHeaderAttributes
  extends DetailedHTMLProps<HTMLAttributes<CitizenHeaderElement>, CitizenHeaderElement> {
  /** Names of the attributes that are shown below the name of the person, with blanks between them. */
  readonly details?: string | undefined
  readonly class?: string | undefined
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'citizen-header': CitizenHeaderAttributes
    }
  }
}

/** What a component knows of the session, and can do with it. */
export interface CitizenOfPage extends CitizenSnapshot, Pick<CitizenClient, 'extend' | 'signOut' | 'check'> {}

/** On a server, and until the client has started. */
const unknown: CitizenSnapshot = {
  state: 'unknown',
  reason: null,
  secondsLeft: null,
  status: null,
  isOffline: false,
  identity: 'unwatched',
}

const Context = createContext<CitizenClient | null | undefined>(undefined)

/**
 * Starts the browser client for the components below it, once mounted, and ends it with them. The options are read at
 * the start; of later ones only `onWarning`, `onEnd` and `show` count.
 */
export function CitizenProvider({
  children,
  ...options
}: CitizenClientOptions & { readonly children?: ReactNode }): ReactNode {
  const [client, setClient] = useState<CitizenClient | null>(null)
  const [latest] = useState<{ options: CitizenClientOptions }>({ options })
  useEffect(() => {
    latest.options = options
  })
  useEffect(() => {
    const started = startCitizen({
      ...latest.options,
      onWarning: (warning) => latest.options.onWarning?.(warning),
      onEnd: (end) => latest.options.onEnd?.(end),
      show: (claims) => latest.options.show?.(claims),
    })
    setClient(started)
    return () => started.stop()
  }, [latest])
  return createElement(Context.Provider, { value: client }, children)
}

/**
 * How things stand. A component is drawn again at each change, each second during a warning.
 * @throws TypeError outside of a `CitizenProvider`.
 */
export function useCitizen(): CitizenOfPage {
  const client = useContext(Context)
  if (client === undefined) throw new TypeError('useCitizen needs a CitizenProvider above it')
  const snapshot = useSyncExternalStore(
    client?.subscribe ?? nothingChanges,
    () => client?.snapshot ?? unknown,
    () => unknown,
  )
  return useMemo(() => {
    const started = (): CitizenClient => {
      if (client === null) throw new TypeError('the client starts when the provider is mounted')
      return client
    }
    return {
      ...snapshot,
      check: async () => started().check(),
      extend: async () => started().extend(),
      signOut: async (options) => started().signOut(options),
    }
  }, [client, snapshot])
}

const nothingChanges = () => () => undefined

/** What the header of a page is given. */
export interface CitizenHeaderProps extends CitizenHeaderOptions {
  /** Names of the attributes that are shown below the name of the person. Default none. */
  readonly details?: readonly string[] | undefined
  /** Language of the header. Default: that of the page. */
  readonly lang?: string | undefined
  /** Words instead of ours. */
  readonly texts?: Partial<HeaderTexts> | undefined
  readonly id?: string | undefined
  readonly className?: string | undefined
  /** Stands between the applications and the person. */
  readonly children?: ReactNode
}

/**
 * The element `<citizen-header>`, made known to the page once mounted; `basePath` and `payloadCookie` are read then. Below
 * a `CitizenProvider` its client signs out.
 */
export function CitizenHeader({
  basePath,
  payloadCookie,
  details,
  texts,
  className,
  ...attributes
}: CitizenHeaderProps): ReactNode {
  const client = useContext(Context)
  const element = useRef<CitizenHeaderElement>(null)
  useEffect(() => {
    // As properties: React 18 would write them as attributes.
    Object.assign(element.current ?? {}, { client, texts })
  })
  useEffect(() => defineCitizenHeader({ basePath, payloadCookie }), [basePath, payloadCookie])
  const shown = { details: details?.join(' '), class: className }
  return createElement('citizen-header', { ...attributes, ...shown, ref: element })
}
