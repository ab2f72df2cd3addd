from .service import AccountService, get_service
