//! The words by which instructions give themselves away, by kind, and the phrases that they make: English, German,
//! French, Spanish, Italian, Portuguese, Dutch, Swedish, Norwegian and Danish, Polish, Russian. Chinese and Japanese
//! stand in `letters.rs`.

use crate::Family;

/// What a word does in a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Forget,
    Previous,
    Told,
    Your,
    Everything,
    New,
    Reveal,
    Divulge,
    System,
    Prompt,
    You,
    Are,
    Now,
    If,
    Machine,
    Unbound,
    Pretend,
    Answer,
    Without,
    Bounds,
    Enter,
    Power,
    Mode,
    Not,
    Tell,
    Telling,
    User,
    Must,
    Deed,
    Language,
    Model,
    Conversation,
    Send,
    History,
}

/// Words of each kind; accents and case do not matter.
pub(crate) const WORDS: [(Kind, &str); 34] = [
    (Kind::Forget, "ignore ignores ignored ignoring disregard disregarded disregarding forget override overrule bypass neglect discard dismiss
        ignoriere ignorieren ignoriert vergiss vergesst vergessen missachte missachten übergehe
        ignorez ignorer oublie oubliez oublier négligez
        ignora ignorar ignorad ignoren olvida olvide olvidar olvidad descarta omite
        ignorate ignori dimentica dimenticate trascura
        esqueça esquece desconsidere
        negeer negeren vergeet
        ignorera glöm bortse ignorer ignorér glem
        zignoruj ignoruj zapomnij pomiń
        игнорируй игнорируйте проигнорируй проигнорируйте забудь забудьте"),
    (Kind::Previous, "previous prior preceding above earlier former foregoing existing original before past
        vorherigen vorherige vorigen bisherigen bisherige obigen obige früheren vorangegangenen zuvor vorher ursprünglichen
        précédentes précédente précédents précédent antérieures dessus ci
        anteriores anterior previas previos previa previo arriba
        precedenti precedente sopra
        prévias acima
        vorige voorgaande eerdere bovenstaande
        tidigare föregående ovanstående tidligere forrige foregående ovenstående
        poprzednie poprzednich wcześniejsze powyższe
        предыдущие предыдущих предшествующие прежние прошлые вышеуказанные"),
    (Kind::Told, "instruction instructions prompt prompts directive directives direction directions rule rules guideline guidelines command commands message messages constraints guardrails programming context
        anweisung anweisungen instruktion instruktionen regeln vorgaben befehle befehlen richtlinien
        consigne consignes règles directives
        instrucción instrucciones reglas órdenes indicaciones
        istruzioni istruzione regole
        instruções instrução regras
        instructies instructie opdrachten regels
        instruktioner instruktionerna instruksjoner instruksjonene instrukser regler
        instrukcje instrukcji polecenia zasady
        инструкции инструкций указания команды правила"),
    (Kind::Your, "your yours the deine deinen deiner ihre ihren vos tes votre ton tus sus tu tue vostre tuoi suas seus je jouw uw dina dine twoje swoje твои свои ваши"),
    (Kind::Everything, "everything all anything alles alle tout toutes tous todo todos todas tutto tutti tutte tudo allt allting alt wszystko все всё"),
    (Kind::New, "new updated revised neue neuen nouvelles nuevas nuove novas nieuwe nya nye nowe новые"),
    (Kind::Reveal, "reveal print show repeat output display tell disclose leak dump expose recite write give
        zeige zeig verrate wiederhole gib nenne montre affiche révèle répète muestra revela repite imprime mostra rivela ripeti mostre revele toon onthul herhaal
        visa vis avslöja avslør pokaż ujawnij powtórz покажи раскрой повтори"),
    (Kind::Divulge, "reveal leak divulge disclose dump repeat recite verrate révèle revela rivela revele onthul avslöja avslør ujawnij раскрой"),
    (Kind::System, "system systems système sistema systeem systemu системный системную hidden initial secret"),
    (Kind::Prompt, "prompt prompts systemprompt systemprompts instructions instruction instrucciones istruzioni instruções instructies anweisungen промпт инструкцию"),
    (Kind::You, "you du ihr sie tu vous usted você vocês je u jij ty вы ты"),
    (Kind::Are, "are re bist seid sind es êtes eres está sei siete você é bent är er jesteś"),
    (Kind::Now, "now henceforth jetzt nun maintenant désormais ahora ora adesso agora nu nå teraz теперь"),
    (Kind::If, "if wenn falls si se als om hvis jeśli если"),
    (Kind::Machine, "ai llm chatbot gpt chatgpt claude gemini copilot ki ia ии"),
    (Kind::Unbound, "dan unrestricted uncensored jailbroken jailbreak unfiltered amoral stan unaligned uneingeschränkt unzensiert"),
    (Kind::Pretend, "act pretend roleplay behave simulate imagine become spiele verhalte agis agissez actúa comportati aja doe låtsas late"),
    (Kind::Answer, "answer respond reply comply act antworte antworten réponds répondez responde rispondi responda antwoord svara svar odpowiadaj отвечай"),
    (Kind::Without, "without no any ohne sans sin senza sem zonder utan uten uden bez без"),
    (Kind::Bounds, "restriction restrictions filter filters censorship guardrails limitations moral ethics einschränkungen filtern zensur restricciones restricciones restrições restrizioni beperkingen ограничений"),
    (Kind::Enter, "enter enable activate switch turn entering enabled aktiviere activa active attiva ative activeer aktivera aktiver włącz включи"),
    (Kind::Power, "developer god sudo jailbreak dan debug unrestricted root entwickler développeur desarrollador"),
    (Kind::Mode, "mode modus modo modalità läge tryb режим"),
    (Kind::Not, "not don dont never nicht niemals kein pas jamais no nunca non mai não niet nooit inte ikke aldrig nie не никогда"),
    (Kind::Tell, "tell inform mention notify alert warn show reveal say disclose ask sage sagen informiere informieren erwähne dis dire informez informer mentionne digas informes avises menciones dire informare diga informe vertel zeg informeer berätta nämn fortell si mów informuj говори сообщай"),
    (Kind::Telling, "telling informing mentioning notifying alerting warning asking showing"),
    (Kind::User, "user users human benutzer benutzern nutzer nutzern anwender utilisateur utilisateurs usuario usuarios utente utenti usuário usuários gebruiker användaren brukeren brugeren użytkownikowi пользователю"),
    (Kind::Must, "must should shall need please have will can are is bitte muss soll doit devez debe deve moet måste må skal musi должен"),
    (Kind::Deed, "forward send transfer wire pay approve email delete run execute call invoke reveal ignore change update download upload post exfiltrate accept rate recommend classify mark treat
        sende überweise leite lösche genehmige envoie envoyez transfère approuve envía transfiere aprueba invia trasferisci approva envie transfira aprove stuur keur skicka godkänn send godkjenn wyślij отправь переведи одобри"),
    (Kind::Language, "language large sprach langage lenguaje linguaggio linguagem taal språk sprog językowy языковая"),
    (Kind::Model, "model models modell modèle modelo modello modellen модель"),
    (Kind::Conversation, "conversation chat dialogue gespräch unterhaltung conversación conversazione conversa gesprek samtalen rozmowę разговор api"),
    (Kind::Send, "send forward post upload email exfiltrate transmit sende envoie envía invia envie stuur skicka wyślij отправь"),
    (Kind::History, "history log transcript verlauf historique historial cronologia histórico geschiedenis historik historię key keys историю"),
];

/// A phrase: kinds in order, each with how many other words may stand before it.
pub(crate) struct Rule {
    pub(crate) family: Family,
    pub(crate) name: &'static str,
    pub(crate) steps: &'static [(usize, Kind)],
}

const FORGET: &str = "forget what was said";

/// What is looked for at each word.
pub(crate) const RULES: [Rule; 20] = [
    Rule::new(
        Family::Overriding,
        FORGET,
        &[(0, Kind::Forget), (3, Kind::Previous), (1, Kind::Told)],
    ),
    Rule::new(
        Family::Overriding,
        FORGET,
        &[(0, Kind::Forget), (3, Kind::Told), (2, Kind::Previous)],
    ),
    Rule::new(
        Family::Overriding,
        FORGET,
        &[(0, Kind::Previous), (1, Kind::Told), (3, Kind::Forget)],
    ),
    Rule::new(
        Family::Overriding,
        FORGET,
        &[(0, Kind::Forget), (1, Kind::Your), (1, Kind::Told)],
    ),
    Rule::new(
        Family::Overriding,
        FORGET,
        &[(0, Kind::Forget), (0, Kind::Everything), (0, Kind::Told)],
    ),
    Rule::new(
        Family::Overriding,
        FORGET,
        &[
            (0, Kind::Forget),
            (0, Kind::Everything),
            (3, Kind::Previous),
        ],
    ),
    Rule::new(
        Family::Overriding,
        "new instructions",
        &[
            (0, Kind::Your),
            (0, Kind::New),
            (0, Kind::Told),
            (0, Kind::Are),
        ],
    ),
    Rule::new(
        Family::Disclosure,
        "the system prompt",
        &[(0, Kind::Reveal), (3, Kind::System), (0, Kind::Prompt)],
    ),
    Rule::new(
        Family::Disclosure,
        "your instructions",
        &[(0, Kind::Divulge), (1, Kind::Your), (2, Kind::Prompt)],
    ),
    Rule::new(
        Family::Identity,
        "you are now",
        &[
            (0, Kind::You),
            (0, Kind::Are),
            (0, Kind::Now),
            (4, Kind::Unbound),
        ],
    ),
    Rule::new(
        Family::Identity,
        "you are now",
        &[
            (0, Kind::You),
            (0, Kind::Are),
            (0, Kind::Now),
            (2, Kind::Machine),
        ],
    ),
    Rule::new(
        Family::Identity,
        "pretend to be",
        &[(0, Kind::Pretend), (4, Kind::Unbound)],
    ),
    Rule::new(
        Family::Identity,
        "without rules",
        &[(0, Kind::Answer), (3, Kind::Without), (2, Kind::Bounds)],
    ),
    Rule::new(
        Family::Identity,
        "a mode without rules",
        &[(0, Kind::Enter), (2, Kind::Power), (0, Kind::Mode)],
    ),
    Rule::new(
        Family::Identity,
        "a mode without rules",
        &[(0, Kind::Power), (0, Kind::Mode), (1, Kind::Enter)],
    ),
    Rule::new(
        Family::Secrecy,
        "not to tell the user",
        &[(0, Kind::Not), (2, Kind::Tell), (3, Kind::User)],
    ),
    Rule::new(
        Family::Secrecy,
        "not to tell the user",
        &[(0, Kind::Without), (0, Kind::Telling), (2, Kind::User)],
    ),
    Rule::new(
        Family::Action,
        "what a model is to do",
        &[(0, Kind::Machine), (2, Kind::Must), (4, Kind::Deed)],
    ),
    Rule::new(
        Family::Action,
        "if you are a model",
        &[
            (0, Kind::If),
            (0, Kind::You),
            (0, Kind::Are),
            (2, Kind::Machine),
        ],
    ),
    Rule::new(
        Family::Exfiltration,
        "to send the conversation",
        &[(0, Kind::Send), (4, Kind::Conversation), (0, Kind::History)],
    ),
];
