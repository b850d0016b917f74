//! Lets the programs and the tests find libtorch where it was found at build time, without `LD_LIBRARY_PATH`, and keeps
//! libtorch out of the program that only checks, formats, plans and hands over.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if let Ok(libtorch) = std::env::var("LIBTORCH") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{libtorch}/lib");
    }
    // Inline functions of libtorch's headers would be exported and so kept, and with them the need for libtorch.
    println!("cargo:rustc-link-arg-bin=kexp=-Wl,--exclude-libs,ALL");
}
