/** @module The page that clients embed to learn whether the session at the provider has changed. */

import type { Route } from '../route.js'
import { scriptedPage } from './framed-page.js'
import type { Provider } from './provider.js'
import { browserStateCookie, originOf } from './session-state.js'

/** Answers each message with `unchanged`, `changed` or `error`. Source: Session Management 1.0, section 3.2. */
const script = `const browserState=()=>{for(const pair of document.cookie.split(/; */)){
const at=pair.indexOf('=');if(pair.slice(0,at)==='${browserStateCookie}')return pair.slice(at+1)}return ''};
const base64url=(bytes)=>btoa(String.fromCharCode(...bytes)).replaceAll('+','-').replaceAll('/','_').replaceAll('=','');
const judge=async(data,origin)=>{
const [clientId,state,...more]=typeof data==='string'?data.split(' '):[];
const salt=state?state.split('.')[1]:undefined;
if(!clientId||!salt||more.length>0)return 'error';
const text=new TextEncoder().encode(clientId+' '+origin+' '+browserState()+' '+salt);
const digest=new Uint8Array(await crypto.subtle.digest('SHA-256',text));
return state===base64url(digest)+'.'+salt?'unchanged':'changed'};
addEventListener('message',async(event)=>{
if(!event.source)return;
let answer='error';try{answer=await judge(event.data,event.origin)}catch{}
event.source.postMessage(answer,event.origin)});`

/** `GET sessionlogout.idp`: framed by the origins of clients with session status notification, by nobody else. */
export function createCheckSession({ options }: Provider): Route {
  const ancestors = () =>
    [...options.clients.values()]
      .filter((one) => one.performSessionStatusNotification)
      .flatMap(({ redirect_uris }) => redirect_uris.map(originOf))
      .filter((origin) => origin !== 'null')
  return {
    GET: () => scriptedPage({ title: 'Session status', ancestors: ancestors(), script, content: '' }),
  }
}
