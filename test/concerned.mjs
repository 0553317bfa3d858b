/** @module What a change concerns, besides what imports it: tests that read files as text, or run them in a process. */

/** Everything depends on these, or on what they install. */
const ofEverything =
  /^(?:package(?:-lock)?\.json|vitest\.config\.ts|tsconfig[\w.]*\.json|test\/support\/(?:set-up-file|per-file|key-folder|rsa-keys)\.ts)$/

/** Tests that read or run a folder without importing it. */
const readers = [
  // The house test and the lists of files and requirements read the whole tree.
  { changed: /^/, tests: /^test\/house\// },
  { changed: /^(?:src|adapters)\//, tests: /^test\/(?:api|docs|examples)\/|^test\/cli\/doctor-demo\.test/ },
  { changed: /^examples\//, tests: /^test\/(?:docs|examples)\/|^test\/cli\/doctor-demo\.test/ },
  { changed: /\.md$/, tests: /^test\/(?:api|docs)\// },
]

const module = /^(?:src|adapters|test|examples)\/.*\.(?:ts|tsx|mjs|mts)$/
const isTest = (path) => path.endsWith('.test.ts')

/**
 * The files from which tests are found by import: what has changed, what names something that cannot be imported or is
 * gone, and the tests that read it. `undefined`: every test is concerned.
 * @param {readonly string[]} changed paths with `/` from the root; those that are gone too
 * @param {ReadonlyMap<string, string>} texts the files that there are, with their text where they are modules
 */
export function concernedFiles(changed, texts) {
  if (changed.some((path) => ofEverything.test(path))) return undefined
  const modules = [...texts.keys()].filter((path) => module.test(path))
  const found = new Set()
  for (const path of changed) {
    const isThere = texts.has(path)
    if (isThere && module.test(path)) found.add(path)
    for (const { changed: which, tests } of readers) {
      if (which.test(path)) for (const each of modules) if (isTest(each) && tests.test(each)) found.add(each)
    }
    if (isThere && /^(?:src|adapters)\//.test(path)) continue
    const names = namesOf(path)
    for (const each of modules) if (names.some((name) => texts.get(each)?.includes(name))) found.add(each)
  }
  return [...found].sort()
}

/** How texts name a file: with a quote or a slash before it, a TypeScript file also as what it is compiled to. */
function namesOf(path) {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const compiled = name.replace(/\.(m?)tsx?$/, '.$1js')
  return [name, compiled].flatMap((each) => ['/', "'", '`', '"'].map((before) => `${before}${each}`))
}
