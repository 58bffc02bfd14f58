import{q as r}from"./chunk-5UPUTXJH.js";import"./chunk-HCB2F5TX.js";import"./chunk-IZDW3DR4.js";function i(t,a,n){try{return r.verify(n,a,t)}catch{return!1}}export{i as verifyMldsa44};
