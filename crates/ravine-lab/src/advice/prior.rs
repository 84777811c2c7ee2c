//! What is known from elsewhere, for subjects that the runs say nothing of.

use super::{Basis, Sentence, Subject};
use crate::workloads::Field;

/// A finding from the literature, and the fields that it is of; none stands for all.
struct Finding {
    subject: Subject,
    fields: &'static [Field],
    /// Given only while this optimizer has not been tried.
    untried: Option<&'static str>,
    text: &'static str,
    source: &'static str,
}

const FINDINGS: &[Finding] = &[
    Finding {
        subject: Subject::Optimizer,
        fields: &[],
        untried: None,
        text: "Tuned equally, the usual optimizers end close together and none wins everywhere: try several at their \
               defaults first, then tune the best two.",
        source: "Schmidt, Schneider and Hennig, Descending through a Crowded Valley, ICML 2021, arXiv 2007.01547",
    },
    Finding {
        subject: Subject::Optimizer,
        fields: &[Field::Language, Field::Speech],
        untried: Some("adamw"),
        text: "Transformers and recurrent networks are trained with AdamW; plain SGD falls far behind on attention, where \
               curvature differs between blocks of parameters.",
        source: "Zhang et al., Why Transformers Need Adam, NeurIPS 2024, arXiv 2402.16788",
    },
    Finding {
        subject: Subject::Optimizer,
        fields: &[Field::Image],
        untried: Some("sgd"),
        text: "SGD with momentum and Adam reach the same test accuracy on images once both have been tuned with the same \
               budget.",
        source: "Choi et al., On Empirical Comparisons of Optimizers, 2019, arXiv 1910.05446",
    },
    Finding {
        subject: Subject::Optimizer,
        fields: &[Field::Sparse],
        untried: Some("adagrad"),
        text: "AdaGrad suits features that are seldom present: each keeps a large step until it has been seen.",
        source: "Duchi, Hazan and Singer, JMLR 12 (2011), 2121",
    },
    Finding {
        subject: Subject::LearningRate,
        fields: &[],
        untried: None,
        text: "It is the first thing to tune, on a logarithmic scale over at least three decades; `ravine lr-find` gives a \
               range to begin with.",
        source: "Bengio, Practical Recommendations, 2012, arXiv 1206.5533, section 3",
    },
    Finding {
        subject: Subject::Schedule,
        fields: &[Field::Language, Field::Speech],
        untried: None,
        text: "Warm up over the first 1 to 5 % of the steps, then decay to zero, linearly or as a cosine.",
        source: "Defazio et al., When, Why and How Much?, 2023, arXiv 2310.07831",
    },
    Finding {
        subject: Subject::Schedule,
        fields: &[Field::Image, Field::Tabular, Field::Sparse],
        untried: None,
        text: "Decay to zero by the end, linearly or as a cosine; it beats a constant learning rate nearly always.",
        source: "Defazio et al., When, Why and How Much?, 2023, arXiv 2310.07831",
    },
    Finding {
        subject: Subject::Schedule,
        fields: &[Field::Convex],
        untried: None,
        text: "With noisy gradients a constant learning rate stops at a floor of noise; decay it to get below.",
        source: "Bottou, Curtis and Nocedal, SIAM Review 60 (2018), 223, section 4",
    },
    Finding {
        subject: Subject::Length,
        fields: &[],
        untried: None,
        text: "A schedule that ends at zero must know the length of the run: choose it first, and compare at that length.",
        source: "Hoffmann et al., 2022, arXiv 2203.15556, section 3.1",
    },
    Finding {
        subject: Subject::Batch,
        fields: &[],
        untried: None,
        text: "Larger batches need fewer steps up to a critical size, and save nothing beyond it; multiply the learning rate \
               by the same factor for SGD, by its root for Adam.",
        source: "Shallue et al., JMLR 20 (2019), 112; Goyal et al., arXiv 1706.02677; Malladi et al., arXiv 2205.10287",
    },
    Finding {
        subject: Subject::Clipping,
        fields: &[Field::Language, Field::Speech],
        untried: None,
        text: "Clip the global norm of the gradient, to 1 for a transformer: recurrence and rare batches throw spikes.",
        source: "Pascanu, Mikolov and Bengio, ICML 2013, arXiv 1211.5063; Brown et al., arXiv 2005.14165, appendix B",
    },
    Finding {
        subject: Subject::Clipping,
        fields: &[Field::Image, Field::Tabular, Field::Sparse, Field::Convex],
        untried: None,
        text: "Not needed as a rule; try it where the loss jumps.",
        source: "Zhang et al., ICLR 2020, arXiv 1905.11881",
    },
    Finding {
        subject: Subject::Initialisation,
        fields: &[],
        untried: None,
        text: "He for ReLU, Xavier for tanh: keep the scale of activations and gradients the same from layer to layer. No \
               optimizer mends a signal that dies on its way.",
        source: "He et al., ICCV 2015, arXiv 1502.01852; Glorot and Bengio, AISTATS 2010",
    },
];

/// The findings on subjects that are not `known` from runs, and on optimizers that suit the field and were not tried.
pub(super) fn sentences(field: Field, known: &[Subject], tried: impl Fn(&str) -> bool) -> Vec<Sentence> {
    let fits = |finding: &&Finding| {
        let open = match finding.untried {
            Some(optimizer) => !tried(optimizer),
            None => !known.contains(&finding.subject),
        };
        open && (finding.fields.is_empty() || finding.fields.contains(&field))
    };
    let sentence = |finding: &Finding| Sentence {
        subject: finding.subject,
        text: finding.text.into(),
        basis: Basis::Prior { source: finding.source },
    };
    FINDINGS.iter().filter(fits).map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_hears_of_every_subject_once_or_more() {
        for field in Field::ALL {
            let all = sentences(field, &[], |_| false);
            for subject in Subject::ALL {
                assert!(all.iter().any(|sentence| sentence.subject == subject), "{field:?} {subject:?}");
            }
            assert!(sentences(field, &Subject::ALL, |_| true).is_empty(), "{field:?}");
        }
    }
}
