/** @module The look of the header, light and dark: custom properties that the client's dialog has too, and parts. */

/** The style sheet of its shadow tree. */
export const style = `:host{display:block;color-scheme:var(--citizen-color-scheme,light dark);font:var(--citizen-font,1rem/1.5 system-ui);color:var(--citizen-color,CanvasText);background:var(--citizen-background,Canvas)}\
[hidden]{display:none!important}\
section,p{display:flex;align-items:center;gap:.5rem 1rem;margin:0}\
section{position:relative;flex-flow:wrap;padding:.5rem 1rem;border-bottom:1px solid #8888}\
section,div{background:inherit;overflow-wrap:anywhere}\
button,a{display:block;flex:none;padding:.5rem .75rem;border:2px solid;border-radius:var(--citizen-radius,.5rem);font:inherit;color:var(--citizen-accent,light-dark(#0b5394,#9cc7f5));background:0;text-decoration:none}\
div *{border-color:#0000;color:inherit}\
[role=menu]{position:absolute;z-index:9;overflow:auto;max-height:70vh;border:1px solid #8888}\
a:hover,a:focus{background:#8883}\
[aria-current],[aria-expanded]{font-weight:700}\
[aria-expanded]:after{content:" ▾"}\
p{margin-inline-start:auto}\
span{display:grid;text-align:end}\
output{position:absolute;clip-path:inset(50%)}`
