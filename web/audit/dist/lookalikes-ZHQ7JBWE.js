import{a as e,b as n}from"./chunk-VNFLSL5E.js";import"./chunk-X76KD6W4.js";import"./chunk-S6HV3KCE.js";import"./chunk-XVY6YLQV.js";export{n as labelWarnings,e as skeleton};
