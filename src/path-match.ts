/** @module Which addresses of ours a browser sends a cookie to, by its path. */

/** Whether a browser sends a cookie of that path to an address of ours. Source: RFC 6265bis, section 5.1.4. */
export function pathMatches(target: string, cookiePath: string): boolean {
  if (cookiePath === '/') return true
  const path = target.replace(/[?#].*$/s, '')
  if (!path.startsWith(cookiePath)) return false
  return path.length === cookiePath.length || cookiePath.endsWith('/') || path[cookiePath.length] === '/'
}
