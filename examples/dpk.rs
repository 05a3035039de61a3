use dosaic::{
    grid::VoxelGrid,
    phantom::*,
    physics::materials,
    plan::WaterData,
    transport::{
        backend::*,
        cpu::{decay::*, direction::*, electron::*, math::*, tables::*, tally::*},
        layout::Params,
        rng::*,
        tables::*,
    },
};
use glam::{DVec3, UVec3, Vec3};
fn main() {
    let arg = |k: &str, d: f64| std::env::args().find_map(|a| a.strip_prefix(&format!("{k}=")).map(|x| x.parse().unwrap())).unwrap_or(d);
    let _ = DECAY_DRAWS;
    for (energy, rc) in [(0.1f64, 0.01431f64), (1.0, 0.4367)] {
        let per = arg("per", 8.0);
        let edge_cm = rc * 0.05 / per;
        let n = (2.0 * 25.0 * per) as u32 + 1;
        let mat = materials::find("water_liquid").unwrap();
        let grid = VoxelGrid::axis_aligned([n; 3], DVec3::splat(edge_cm * 10.0), DVec3::ZERO);
        let voxels = vec![pack_voxel(0, 1.0); grid.len()];
        let phantom = Phantom { grid, voxels, materials: vec![mat.clone()], regions: vec![], region_names: vec![], warnings: vec![] };
        let opt = TableOptions {
            water: WaterData::Icru49,
            delta_floor: arg("df", 0.001),
            delta_share: arg("ds", 0.05),
            step_fraction: arg("f", 0.12),
            straggling_floor: arg("fl", 1e-3),
        };
        let tables = Tables::build(&[mat], &opt).unwrap();
        let settings = Settings { tables: opt, cut_length: rc * arg("cut", 0.01), electron_cut: 1e-3, range_rejection: false, seed: 1 };
        let histories = arg("n", 50000.0) as u64;
        let src = [[u32::MAX, 0]];
        let world = World { phantom: &phantom, tables: &tables, settings };
        let job = Job {
            particle: Particle::Electron,
            source: &src,
            spectrum: &[],
            stream: 1,
            first_history: 0,
            histories: histories / 16 * 16,
            batches: 16,
        };
        let p: Params = world.params(&job, 0);
        let c = n / 2;
        let center = (Vec3::splat(c as f32) + 0.5).as_dvec3() * edge_cm;
        let mut sh = vec![0f64; 24];
        let mut esc = 0f64;
        let pos = |e: &Electron| e.voxel.as_dvec3() * edge_cm + e.offset.as_dvec3() - center;
        for h in 0..histories {
            let hist = [h as u32, 0];
            let b = rng_block(p.seed, hist, 1, 0);
            let dir = direction_isotropic(rng_uniform(b[0]), math_cos_sin(b[1]));
            let q = tally_quanta(energy as f32);
            let mut e = electron_start(
                &p,
                UVec3::splat(c),
                phantom.voxels[0],
                Vec3::splat(0.5 * edge_cm as f32),
                dir,
                table_electron_range(&tables, 0, energy as f32),
                q,
                math_exponential(b[2]),
                1,
                1,
            );
            let mut stack: Vec<Electron> = vec![];
            // last scored position
            let mut last = pos(&e);
            let mut score = |a: DVec3, b: DVec3, q: u32, at: bool| {
                if q > 0 {
                    let r = if at { b.length() } else { (0.5 * (a + b)).length() };
                    let k = (r / (0.05 * rc)) as usize;
                    if k < 24 { sh[k] += q as f64 } else { esc += q as f64 }
                }
            };
            loop {
                let d = electron_begin_step(&p, &tables, hist, &mut e);
                score(last, pos(&e), d.quanta, true);
                while e.alive == 1 {
                    let before = pos(&e);
                    let vox = e.voxel;
                    let fin = e.event == ELECTRON_FINAL;
                    let _ = before;
                    let prev = e.voxel;
                    let d = electron_advance(&p, &tables, &phantom.voxels, hist, &mut e);
                    let now = pos(&e);
                    score(last, now, d.quanta, fin);
                    if e.voxel != prev || d.quanta > 0 {
                        last = now;
                    }
                    let _ = vox;
                    let _ = d.escaped;
                    if d.collide == 1 {
                        let col = electron_collide(&p, &tables, hist, e, stack.len() as u32);
                        score(last, now, col.quanta, true);
                        last = now;
                        e = col.primary;
                        if col.secondary.alive == 1 {
                            stack.push(e);
                            e = col.secondary;
                        }
                        let d = electron_begin_step(&p, &tables, hist, &mut e);
                        score(last, now, d.quanta, true);
                    }
                }
                match stack.pop() {
                    Some(x) => {
                        e = x;
                        last = pos(&e);
                    }
                    None => break,
                }
            }
        }
        let tot = histories as f64 * energy * 1048576.0;
        let t = std::fs::read_to_string("/work/shared/reference/egsnrc/A_dpk_mono_electrons.csv").unwrap();
        let refs: Vec<f64> = t
            .lines()
            .skip(1)
            .filter_map(|l| {
                let w: Vec<&str> = l.split(',').collect();
                (w[0].parse::<f64>().unwrap() == energy).then(|| w[7].parse().unwrap())
            })
            .collect();
        let max = refs.iter().cloned().fold(0.0, f64::max);
        println!("E {energy}: sum {:.5} ref {:.5}", sh.iter().sum::<f64>() / tot, refs.iter().sum::<f64>());
        for k in 0..24 {
            println!(
                "  {:.2} ours {:.5} ref {:.5} dev {:+.2}% of max",
                (k as f64 + 0.5) * 0.05,
                sh[k] / tot,
                refs[k],
                100.0 * (sh[k] / tot - refs[k]) / max
            );
        }
    }
}
