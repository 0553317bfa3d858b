/** @module The look of the demo's pages, light and dark, from a phone up. */

/**
 * The style sheet of one application.
 * @param {readonly [light: string, dark: string]} accent its colour in both schemes
 */
export function style([light, dark]) {
  return `
:root{color-scheme:light dark;--ink:#1b2430;--paper:#f5f6f8;--card:#fff;--line:#d5dbe4;--soft:#55606f;--main:${light};--on-main:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e7ebf1;--paper:#12171e;--card:#1b222c;--line:#34404f;--soft:#a5b0be;--main:${dark};--on-main:#0d1a25}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header{border-top:.35rem solid var(--main);background:var(--card);border-bottom:1px solid var(--line);padding:.75rem max(1rem,calc(50vw - 29rem))}
header,nav{display:flex;flex-wrap:wrap;gap:.35rem 1.1rem;align-items:baseline}
header strong{font-size:1.25rem;margin-right:auto}
main{max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;margin:.75rem 0 0}h1+p{margin:.25rem 0 .75rem}
h2{font-size:1.05rem;margin:0}a{color:var(--main)}
section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.1rem;margin:1rem 0 0}
.who{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;border-left:.35rem solid var(--main)}
.who p{margin:0;flex:1 1 22rem}
.layers{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:0 1rem}
dl{margin:.6rem 0 0}dl div{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 .75rem;padding:.3rem 0;border-top:1px solid var(--line)}
dt{color:var(--soft)}dd{margin:0;font-variant-numeric:tabular-nums}.time{white-space:nowrap}
small,.soft{color:var(--soft)}section>.soft{margin:0}ol{margin:.5rem 0 0;padding-left:1.25rem}li{margin:.3rem 0}
button,.button{display:inline-block;font:inherit;font-weight:600;cursor:pointer;text-decoration:none;border:1px solid var(--main);background:var(--main);color:var(--on-main);border-radius:.4rem;padding:.55rem 1rem}
button.plain{background:none;color:var(--main)}:focus-visible{outline:3px solid var(--main);outline-offset:2px}`
}
