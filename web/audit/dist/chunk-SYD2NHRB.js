import{a as U,b as $,d as f}from"./chunk-MNLM3JJC.js";import{a as h}from"./chunk-WVXJWTNK.js";import{a as B,e as y}from"./chunk-FCHFTB4Q.js";import{A as P,ba as F,da as D,ka as A}from"./chunk-OTEJQOQA.js";import{h as u}from"./chunk-UBCR2F7Q.js";import{d as L}from"./chunk-KSTLZRGN.js";import{a as S,e as l,h as E,i as m,j as c}from"./chunk-XVY6YLQV.js";import{a,e as g,f as C}from"./chunk-CWX7OUYI.js";var se=`.drop {
  align-items: stretch;
}
.drop.over {
  border-color: var(--lamp);
  background: var(--warn-wash);
}
.actions {
  display: flex;
  flex-wrap: wrap;
  gap: 0.5rem 0.75rem;
}
.examining {
  min-height: 1.55rem;
  margin: 0 0 0.5rem;
  color: var(--soft);
}
.result {
  max-width: 52rem;
  margin: 0 0 1.5rem;
  padding: 1.1rem 1.25rem;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--card);
}
.result > h3 {
  margin: 0 0 0.75rem;
  outline-offset: 4px;
}
.result > :last-child {
  margin-bottom: 0;
}
.result .verdict {
  margin-bottom: 1rem;
}
.result .what {
  color: var(--soft);
}
h4 {
  margin: 1rem 0 0.35rem;
  font-size: 0.9375rem;
}
.result ul:not(.plain),
.result ol:not(.plain) {
  padding-left: 1.35rem;
}
.against {
  max-width: 52rem;
}
.against details .ask,
.against > .ask {
  margin-top: 0.75rem;
}
.heads li {
  margin: 0 0 0.6rem;
}
.head-entry {
  display: block;
  color: var(--soft);
  font-size: 0.875rem;
}
.qr-figure {
  margin: 0 0 1rem;
}
.qr-figure figcaption {
  margin-top: 0.35rem;
  color: var(--soft);
  font-size: 0.875rem;
}
.digit-groups {
  display: flex;
  flex-wrap: wrap;
  gap: 0.35rem 1.1rem;
  margin: 0 0 1rem;
  padding: 0;
  list-style: none;
  font: 600 1.25rem/1.3 var(--mono);
  font-variant-numeric: tabular-nums;
}
.digit-groups [data-state="bad"] {
  color: var(--tone);
  text-decoration: underline wavy;
  text-underline-offset: 0.25em;
}
.hidden {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.compare-part {
  max-width: 60rem;
}
.compare-part .ask textarea,
.drop.ask textarea,
.against .ask textarea {
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
.own-keys,
.own-digits {
  margin-top: 1rem;
}
.compared {
  margin-bottom: 1.25rem;
}
.sides {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr));
  gap: 1.25rem;
  margin-bottom: 1.25rem;
}
.sides > * {
  min-width: 0;
}
.sides .ask {
  margin: 0;
  padding: 0;
  border: 0;
  background: none;
}
.sides .ask.drop {
  padding: 0.75rem;
  border: 2px dashed var(--strong-line);
}
.sides h3 {
  margin-top: 0;
}
`;var O=[{kind:"browser"}];function p(e,t,n,r,o={}){let i={badge:"unchecked",headline:n,reason:f(r),checkedBy:[]};return{name:e,what:t,shown:i,facts:[],unproven:[],steps:[],...o}}function W(e){return e instanceof S?e.message:h(e)}function V(e){return l(L(e))}function v(e){return e.configuration?V(e.configuration):e.configurationSha256}function fe(e){return e.policy?.logs.map(t=>t.key.text)}function ge(e){return v(e)!==void 0&&e.policy?.logs.length===1}var G=1<<20;function ue(e){if(e.length>G)return;let t=n=>(new y(u(n)),n);return w(()=>t(e))??w(()=>t(E(c(e).replace(/\s+/g,""))))}function ye(e){return e.length>G?void 0:w(()=>A(m(c(e))))}function w(e){try{return e()}catch{return}}function M(e,t,n){if(!t.response)return;let r=u(e),o=P(r,t.response),s=new y(r).unaudited().timeless().distinguished(F,{},o,n);return{heads:s.recent,time:s.view.frontier.at(-1)?.timestamp??0}}var b=8<<20,x=20,j=32768;function He(e){let t=a("input",{type:"file",id:`${e.id}-file`,multiple:e.single!==!0}),n=a("textarea",{id:`${e.id}-text`,rows:5,spellcheck:"false",autocomplete:"off",placeholder:e.placeholder}),r=a("button",{type:"submit"},e.action),o=C("Clear",()=>n.value="");o.className="quiet";let i=a("form",{class:"ask drop"},R("Drop files here, or choose them",t),R(e.label,n),a("p",{class:"actions"},r," ",o));return t.addEventListener("change",()=>{H([...t.files??[]]).then(e.take),t.value=""}),n.addEventListener("paste",s=>K(s,e.take)),i.addEventListener("submit",s=>{s.preventDefault(),e.take([k(n.value)])}),J(i,e.take),i}function R(e,t){return a("p",{class:"field whole"},a("label",{for:t.id},e),t)}function K(e,t){let n=[...e.clipboardData?.files??[]],r=e.clipboardData?.getData("text/plain")??"";n.length===0&&r.length<=j||(e.preventDefault(),n.length>0?H(n).then(t):t([k(r)]))}function k(e){let t="What was pasted";if(e.length>b)return z(t,e.length);let n=e.replace(/\r\n?/g,`
`).trimStart();if(n==="")return{name:t,problem:"There is nothing in the box."};let r=n.startsWith(B);return{name:t,bytes:m(r&&!n.endsWith(`
`)?n+`
`:n)}}function z(e,t){let[n,r]=[(t/1e6).toFixed(1),b>>20],o=`It has ${n} MB, and this page reads ${r} MB at most. On a command line, “kt evidence verify” reads larger evidence.`;return{name:e,problem:o}}function J(e,t){let n=r=>r.preventDefault();document.addEventListener("dragover",n),document.addEventListener("drop",n),e.addEventListener("dragenter",()=>e.classList.add("over")),e.addEventListener("dragleave",r=>{r.relatedTarget instanceof Node&&e.contains(r.relatedTarget)||e.classList.remove("over")}),e.addEventListener("drop",r=>{e.classList.remove("over");let{files:o}=r.dataTransfer??{files:[]},i=r.dataTransfer?.getData("text/plain")??"";o.length>0?H([...o]).then(t):i!==""&&t([k(i)])})}async function H(e){let t=await Promise.all(e.slice(0,x).map(Y)),n=e.length-x;return n<=0?t:[...t,{name:`${n} more`,problem:`${x} files are taken at once. Drop the others after these.`}]}async function Y(e){if(e.size>b)return z(e.name,e.size);try{return{name:e.name,bytes:new Uint8Array(await e.arrayBuffer())}}catch(t){return{name:e.name,problem:`It could not be read. ${h(t)}`}}}var d="Distinguished heads of a log, as somebody was shown them.";async function Fe(e,t,n){try{let r=await n.compareHeads(c(t));return{name:e,what:d,shown:Z(r),facts:Q(r),unproven:r.result==="contradiction"?[]:X(r.signed),steps:ee(r)}}catch(r){return{name:e,what:d,shown:$(r),facts:[],unproven:[],steps:[]}}}function Z(e){let t=e.common===e.own.length&&e.common===e.other.length;return U(e.verdict,{verified:t?"Both lists are equal: you were shown the same log.":`You were shown the same log, up to entry ${_(e)}.`,changed:"The two lists contradict each other.",unchecked:"The two lists have nothing in common to compare."},e.hint===void 0?[]:[a("p",{},f(e.hint))])}function _(e){let t=new Set(e.own.map(n=>n.position));return e.other.filter(n=>t.has(n.position)).at(-1)?.position??0}function Q(e){return[["In common",`${e.common} of your ${e.own.length} heads, and of their ${e.other.length}`],["Their list",e.signed?"follows from an answer that the directory signed":"is not signed: it can have been made up"]]}function X(e){return["That you will be shown the same log from now on: compare again.",...e?[]:["That the other person’s list is the one that they were shown."]]}function ee(e){return[...e.signed?["Verified the answer that the directory signed, as somebody who has seen nothing."]:[],"Looked for log entries that are in both lists, and compared the roots of the log there.","Where both lists reach, looked for entries that only one of them has."]}function De(e,t,n,r){let o=v(n);if(o!==void 0&&!ne(t,o))return p(e,d,`These are heads of another directory than ${n.whose}.`,"the SHA-256 of its configuration is another one");let i=[["Heads",q(t.heads)]];if(!t.response)return p(e,d,"These heads can be compared, and prove nothing by themselves.","nothing in the file is signed. Compare it with other people’s: “kt heads compare” does, and the audit view’s page Compare",{facts:i});if(!n.configuration){let s=`add the configuration with the SHA-256 ${t.configurationSha256}`;return p(e,d,"These heads wait for their directory’s configuration.",s,{facts:i})}return te(e,t,n.configuration,r)}function te(e,t,n,r){try{let o=M(n,t,r),i=o?.time??0,s=(o?.heads??[]).map(T=>({position:T.head.treeSize-1,root:D(T)}));return{name:e,what:d,shown:{badge:"verified",headline:"The directory signed the log that has these heads.",reason:"Credentials in other files are verified against them.",checkedBy:O},facts:[["The log’s last entry then",g(i)],["Heads that follow from it",q(s)]],unproven:["That everybody is shown this log: compare the heads with other people’s.","That they are recent: see the time of the log’s last entry."],steps:["Verified the directory’s signature, and every proof in the answer, as somebody who has seen nothing.","Worked out the roots of the log at its recent distinguished entries from that answer."]}}catch(o){let i=`${W(o)}. They prove nothing: get them again`;return p(e,d,"The signed answer in this file does not verify.",i)}}function ne(e,t){return e.tag?t.startsWith(l(e.tag)):e.configurationSha256===t}function q(e){let t=n=>a("li",{},a("span",{class:"head-entry"},`log entry ${n.position}`,...n.time===void 0?[]:[" of ",g(n.time)],", root "),re(n.root));return a("ol",{class:"heads plain"},...e.map(t))}function re(e){let t=l(e).match(/.{8}/g)??[];return a("code",{class:"groups"},...t.flatMap((n,r)=>r>0?[" ",n]:[n]))}var oe=/^GHOSTLIGHT-HEADS-1:/i,ie=/log entry (\d{1,15})\b[^,]{0,64}, root ((?:[0-9a-f]\s*){64})(?![0-9a-f])/gi;function Be(e){let t=e.trim();if(t==="")return{kind:"empty"};if(oe.test(t.replace(/\s+/g,""))||t.startsWith("{"))return{kind:"export",text:e};let n=[...t.matchAll(ie)].map(([,o="",i=""])=>({position:Number(o),root:N(i)}));if(n.length>0)return{kind:"printed",heads:n};let r=N(t);return/^[0-9a-f]{64}$/.test(r)?{kind:"root",root:r}:{kind:"unknown"}}function N(e){return e.normalize("NFKC").replace(/[\s\p{P}\p{Z}\p{Cf}]+/gu,"").toLowerCase()}function Ue(e,t,n){let r=[...e].sort((o,i)=>o.position-i.position);return JSON.stringify({format:"ghostlight-heads",version:1,directory:t,configuration_sha256:n,heads:r})}export{O as a,p as b,W as c,V as d,v as e,fe as f,ge as g,ue as h,ye as i,M as j,x as k,He as l,Fe as m,Z as n,De as o,q as p,Be as q,N as r,Ue as s,se as t};
