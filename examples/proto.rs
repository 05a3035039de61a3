use dosaic::{
    grid::VoxelGrid,
    nuclide::{Continuum, Line, spectrum::EnergySampler},
    phantom::*,
    physics::materials,
    plan::WaterData,
    source::DecayPattern,
    transport::{backend::*, cpu::run::Cpu, tables::*},
};
use glam::DVec3;
fn main() {
    let edge: f64 = 3.0;
    let n = 13u32;
    let mat = materials::find("water_liquid").unwrap();
    let grid = VoxelGrid::axis_aligned([n; 3], DVec3::splat(edge), DVec3::ZERO);
    let v = pack_voxel(0, 1.0);
    let phantom = Phantom {
        grid,
        voxels: vec![v; grid.len()],
        materials: vec![mat.clone()],
        regions: vec![0; grid.len()],
        region_names: vec![],
        warnings: vec![],
    };
    let arg = |k: &str, d: f64| std::env::args().find_map(|a| a.strip_prefix(&format!("{k}=")).map(|x| x.parse().unwrap())).unwrap_or(d);
    let opt = TableOptions {
        water: WaterData::Icru49,
        delta_floor: arg("df", 0.05),
        delta_share: arg("ds", 0.05),
        step_fraction: arg("f", 0.12),
        straggling_floor: 1e-3,
    };
    let t0 = std::time::Instant::now();
    let tables = Tables::build(&[mat], &opt).unwrap();
    eprintln!("tables {:?} {} rows {} scalars; {:?}", t0.elapsed(), tables.rows.len(), tables.scalars.len(), tables.notes);
    let settings = Settings {
        tables: opt,
        cut_length: arg("cut", 0.007) * 0.1 * edge,
        electron_cut: 1e-3,
        range_rejection: arg("rr", 1.0) == 1.0,
        seed: 1,
    };
    let c = n / 2;
    let src = [[u32::MAX, grid.index([c, c, c]) as u32]];
    for (name, files) in [("Y-90", vec!["Y-90_beta"]), ("Lu-177", vec!["Lu-177_beta", "Lu-177_ce_auger"])] {
        let mut lines = vec![];
        let mut cont = vec![];
        for f in files {
            let t = std::fs::read_to_string(format!("/work/shared/reference/egsnrc/spectra/{f}.csv")).unwrap();
            let mut e = vec![];
            let mut p = vec![];
            for l in t.lines().filter(|l| !l.starts_with('#')) {
                let w: Vec<&str> = l.split(',').collect();
                if let (Ok(a), Ok(b)) = (w[0].parse::<f64>(), w[1].parse::<f64>()) {
                    e.push(a);
                    p.push(b);
                }
            }
            if f.ends_with("beta") {
                cont.push(Continuum { intensity: 1.0, energy: e, density: p });
            } else {
                for (a, b) in e.iter().zip(&p) {
                    lines.push(Line { energy: *a, intensity: *b });
                }
            }
        }
        let s = EnergySampler::new(&lines, &cont).unwrap();
        let job = Job {
            particle: Particle::Electron,
            source: &src,
            spectrum: s.rows(),
            stream: 1,
            first_history: 0,
            histories: arg("n", 1.6e6) as u64,
            batches: 16,
        };
        let threads = arg("t", 1.0) as usize;
        let mut cpu = Cpu::new(World { phantom: &phantom, tables: &tables, settings }, threads);
        let t0 = std::time::Instant::now();
        let mut tot = vec![0f64; grid.len()];
        let mut sq = vec![0f64; grid.len()];
        let mut sums = Sums::default();
        for b in 0..16 {
            let r = cpu.run(&job, b, &|_| ()).unwrap();
            sums.add(&r.sums);
            for (i, x) in r.energy.iter().enumerate() {
                tot[i] += *x as f64;
                sq[i] += (*x as f64).powi(2);
            }
        }
        let dt = t0.elapsed().as_secs_f64();
        println!(
            "{name}: {:.0}/s, imbalance {}, steps/hist {:.1}, sec/hist {:.2} mean E {:.5} per decay {:.5} {:?}",
            sums.histories as f64 / dt,
            sums.imbalance(),
            sums.steps as f64 / sums.histories as f64,
            sums.secondaries as f64 / sums.histories as f64,
            s.mean_energy(),
            s.mean_energy() * s.intensity(),
            sums
        );
        // reference
        let t = std::fs::read_to_string("/work/shared/reference/egsnrc/C_voxel_svalues.csv").unwrap();
        for l in t.lines().skip(1) {
            let w: Vec<&str> = l.split(',').collect();
            if w[0] != name || w[1] != "3" {
                continue;
            }
            let ijk: [i32; 3] = [w[2].parse().unwrap(), w[3].parse().unwrap(), w[4].parse().unwrap()];
            let mut vals = vec![];
            let mut seen = std::collections::HashSet::new();
            for p in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                for sx in [-1, 1] {
                    for sy in [-1, 1] {
                        for sz in [-1, 1] {
                            let q = [ijk[p[0]] * sx, ijk[p[1]] * sy, ijk[p[2]] * sz];
                            if seen.insert(q) {
                                vals.push(tot[grid.index([(c as i32 + q[0]) as u32, (c as i32 + q[1]) as u32, (c as i32 + q[2]) as u32])]);
                            }
                        }
                    }
                }
            }
            let mean = vals.iter().sum::<f64>() / vals.len() as f64;
            let s_ours = mean / 1048576.0 / sums.histories as f64 * s.intensity() * 1.602176634e-10 / (edge * edge * edge * 1e-3);
            let r: f64 = w[5].parse().unwrap();
            let sr: f64 = w[6].parse().unwrap();
            if r > 1e-13 {
                println!(
                    "  {ijk:?} ours {s_ours:.4e} ref {r:.4e} dev {:+.2}% (ref sigma {:.2}%)",
                    100.0 * (s_ours / r - 1.0),
                    100.0 * sr / r
                );
            }
        }
    }
    let _ = DecayPattern { voxels: vec![], shares: vec![] };
}
