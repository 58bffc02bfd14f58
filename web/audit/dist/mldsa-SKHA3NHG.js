import{q as r}from"./chunk-R7FWKDVH.js";import"./chunk-5LELGHGN.js";function i(t,a,n){try{return r.verify(n,a,t)}catch{return!1}}export{i as verifyMldsa44};
