import{a,b,c}from"./chunk-O2NCECWR.js";import"./chunk-QMFVU7VL.js";import"./chunk-XVY6YLQV.js";export{a as cloneState,c as contactOf,b as newContact};
