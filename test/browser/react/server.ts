/** @module The React page of the tests as a server renders it: bundled like the other, run without a document. */
import { renderToString } from 'react-dom/server'
import { tree } from './page.js'

/** The page as text. */
export const html = renderToString(tree())
