//! A store in which somebody has planted everything that can be planted: the mount shows what is good of it, counts the
//! rest, and neither reads nor changes anything outside.

mod beside;
mod contents;
mod displaced;
mod named;
mod names;
mod other_user;
mod outside;
mod plants;
mod replaced;
mod serving;
